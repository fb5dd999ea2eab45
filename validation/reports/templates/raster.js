// The raster of a report that one can look into. Bokeh draws; what it draws comes from the JSON of the
// page alone, decoded pattern by pattern when one is chosen.
"use strict";
(() => {
  const STORED = 1, FORCED = 2, FIRST = 4;
  // So many marks have room at their own size.
  const ROOM = 1500;
  const BLUE = "#0072B2", VERMILLION = "#D55E00", GREY = "#808080", BLACK = "#000000";
  const data = JSON.parse(document.getElementById("spikes").textContent);
  const place = document.getElementById("raster");
  const choose = document.getElementById("raster-pattern");
  const beside = document.getElementById("raster-beside");
  const decoded = new Map();
  // Shown in all panels of all patterns: what is zoomed in one is zoomed in all.
  const longest = Math.max(...data.patterns.map((one) => one.duration_s));
  const shown = { x: [0, longest], y: [-1, data.units.length] };
  const state = { ready: false, drawn: 0, milliseconds: 0, figures: [] };
  window.wmdelaysRaster = state;

  const short = (text) => (text.length > 18 ? `${text.slice(0, 12)}…${text.slice(-5)}` : text);

  const unpacked = async (text, type) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new type(await new Response(stream).arrayBuffer());
  };

  const spikesOf = async (pattern) => {
    if (!decoded.has(pattern.number)) {
      const [steps, neurons, kinds] = await Promise.all([
        unpacked(pattern.times, Uint32Array),
        unpacked(pattern.neurons, Uint32Array),
        unpacked(pattern.kinds, Uint8Array),
      ]);
      const times = new Float64Array(steps.length);
      let sum = 0;
      for (let k = 0; k < steps.length; k++) {
        sum += steps[k];
        times[k] = sum / 1e6;
      }
      decoded.set(pattern.number, { times, neurons, kinds });
    }
    return decoded.get(pattern.number);
  };

  const has = (kind, simulator) => (kind & (FIRST << simulator)) !== 0;

  // What a spike is, for one simulator: the layers of a panel.
  const layers = (simulator, clamp) => [
    {
      name: "forced by the cue", colour: GREY, marker: "circle", size: 3,
      is: (kind, time) => (kind & FORCED) !== 0 || ((kind & STORED) !== 0 && time < clamp),
    },
    {
      name: "stored and recalled", colour: BLUE, marker: "square", size: 4,
      is: (kind) => (kind & STORED) !== 0 && has(kind, simulator),
    },
    {
      name: "missing", colour: BLACK, marker: "circle", size: 7, open: true,
      is: (kind) => (kind & STORED) !== 0 && !has(kind, simulator),
    },
    {
      name: "too many", colour: VERMILLION, marker: "x", size: 7,
      is: (kind) => has(kind, simulator),
    },
  ];

  const byWhom = (kind) => {
    const names = data.simulators.filter((_, n) => has(kind, n));
    if (!names.length) return "no simulator";
    return names.length > 1 && names.length === data.simulators.length ? `all: ${names.join(", ")}` : names.join(", ");
  };

  const seconds = (time) => `${Number(time.toFixed(6))} s`;
  const moment = (pattern, time) =>
    pattern.start_s ? `${seconds(pattern.start_s + time)} in the recording, ${seconds(time)} in the pattern` : seconds(time);

  // Marks as large as leaves them room beside each other: the fewer are in view, the larger they are.
  const fit = (one) => {
    const part = Math.min(1, (shown.x[1] - shown.x[0]) / longest) * Math.min(1, (shown.y[1] - shown.y[0]) / data.units.length);
    const room = Math.sqrt(ROOM / Math.max(1, one.n * part));
    for (const { renderer, size } of one.marks) {
      const fitting = Math.max(size * 0.45, Math.min(size * 1.4, size * room));
      renderer.glyph.size = { value: Number(fitting.toFixed(2)) };
    }
  };

  const panel = (pattern, spikes, simulator, x, y, alone) => {
    const title = `pattern ${pattern.number}, ${data.simulators[simulator]}`;
    const figure = Bokeh.Plotting.figure({
      title, x_range: x, y_range: y, height: alone ? 460 : 330, sizing_mode: "stretch_width",
      tools: "pan,box_zoom,wheel_zoom,xwheel_zoom,ywheel_zoom,reset,save", active_scroll: "wheel_zoom",
      output_backend: "webgl", toolbar_location: "above", lod_threshold: null,
    });
    figure.toolbar.logo = null;
    figure.xaxis.axis_label = pattern.start_s === null ? "time (s)" : "time in the recording (s)";
    figure.yaxis.axis_label = "unit";
    const code = "const n = Number((tick + start).toFixed(6)); return String(n)";
    figure.xaxis.formatter = new Bokeh.CustomJSTickFormatter({ args: { start: pattern.start_s || 0 }, code });
    const units = data.units.map((name) => short(name));
    const unit = "return Number.isInteger(tick) && units[tick] !== undefined ? units[tick] : ''";
    figure.yaxis.formatter = new Bokeh.CustomJSTickFormatter({ args: { units }, code: unit });
    const ticker = new Bokeh.BasicTicker({ min_interval: 1, desired_num_ticks: 8, num_minor_ticks: 0 });
    figure.yaxis.ticker = ticker;
    figure.ygrid.ticker = ticker;
    figure.add_layout(new Bokeh.BoxAnnotation({
      left: -longest, right: pattern.clamp_s - pattern.step_s / 2, fill_color: GREY, fill_alpha: 0.15, level: "underlay",
    }));
    if (data.n_latent) {
      figure.add_layout(new Bokeh.Span({
        location: data.units.length - data.n_latent - 0.5, dimension: "width", line_color: GREY, line_dash: "dashed",
        level: "underlay",
      }));
    }
    const found = layers(simulator, pattern.clamp_s - pattern.step_s / 2);
    const columns = found.map(() => ({ places: [] }));
    for (let k = 0; k < spikes.times.length; k++) {
      const n = found.findIndex((layer) => layer.is(spikes.kinds[k], spikes.times[k]));
      if (n >= 0) columns[n].places.push(k);
    }
    // Bokeh escapes what these give.
    const given = (code, args) => new Bokeh.CustomJSHover({ code, args });
    const formatters = {
      "@y": given("return units[value]", { units: data.units }),
      "@x": given("return moment(value)", { moment: (time) => moment(pattern, time) }),
      "@kind": given("return byWhom(value)", { byWhom }),
    };
    const items = [], tips = [], marks = [], counts = {};
    found.forEach((layer, n) => {
      const { places } = columns[n];
      counts[layer.name] = places.length;
      if (!places.length) return;
      const source = new Bokeh.ColumnDataSource({
        data: {
          x: Float64Array.from(places, (k) => spikes.times[k]),
          y: Float64Array.from(places, (k) => spikes.neurons[k]),
          kind: Uint8Array.from(places, (k) => spikes.kinds[k]),
        },
      });
      const renderer = figure.scatter({ field: "x" }, { field: "y" }, {
        source, marker: layer.marker, size: layer.size, line_color: layer.colour, line_width: 1.2,
        fill_color: layer.open ? null : layer.colour,
      });
      marks.push({ renderer, size: layer.size });
      items.push(new Bokeh.LegendItem({ label: `${layer.name} (${places.length.toLocaleString("en")})`, renderers: [renderer] }));
      const emitted = layer.name === "forced by the cue" ? "the cue" : "@kind{custom}";
      const tooltips = [["unit", "@y{custom}"], ["time", "@x{custom}"], ["what", layer.name], ["emitted by", emitted]];
      tips.push(new Bokeh.HoverTool({ renderers: [renderer], tooltips, formatters, visible: false }));
    });
    figure.add_tools(...tips);
    figure.add_layout(new Bokeh.Legend({
      items, click_policy: "hide", orientation: "horizontal", padding: 2, margin: 2, border_line_color: null,
      label_text_font_size: "12px",
    }), "below");
    state.figures.push({ pattern: pattern.number, simulator: data.simulators[simulator], figure, counts, marks, n: spikes.times.length });
    return figure;
  };

  let manager = null, latest = 0;
  const draw = async () => {
    const turn = ++latest, began = performance.now();
    const numbers = [choose.value, beside.value].filter((value) => value !== "");
    const patterns = numbers.map((value) => data.patterns.find((one) => String(one.number) === value));
    const spikes = await Promise.all(patterns.map(spikesOf));
    if (turn !== latest) return;
    if (manager !== null) manager.clear();
    place.replaceChildren();
    state.figures = [];
    const x = new Bokeh.Range1d({ start: shown.x[0], end: shown.x[1], bounds: null });
    const y = new Bokeh.Range1d({ start: shown.y[0], end: shown.y[1], bounds: null });
    let waiting = false;
    const keep = () => {
      shown.x = [x.start, x.end];
      shown.y = [y.start, y.end];
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        state.figures.forEach(fit);
      });
    };
    for (const range of [x, y]) range.change.connect(keep);
    x.reset_start = 0;
    x.reset_end = longest;
    y.reset_start = -1;
    y.reset_end = data.units.length;
    const alone = data.simulators.length === 1;
    const rows = data.simulators.map((_, n) => patterns.map((one, k) => panel(one, spikes[k], n, x, y, alone)));
    const grid = Bokeh.Plotting.gridplot(rows, { sizing_mode: "stretch_width", merge_tools: true });
    grid.toolbar.logo = null;
    state.figures.forEach(fit);
    const whole = new Bokeh.Document();
    whole.add_root(grid);
    manager = await Bokeh.embed.add_document_standalone(whole, place);
    state.ranges = { x, y };
    state.ready = true;
    state.drawn += 1;
    state.milliseconds = performance.now() - began;
  };

  choose.addEventListener("change", () => tried());
  beside.addEventListener("change", () => tried());
  for (const link of document.querySelectorAll("a[data-pattern]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      choose.value = link.dataset.pattern;
      tried();
      place.parentElement.scrollIntoView();
    });
  }
  const alive = document.documentElement.classList;
  const tried = () => draw().catch((error) => {
    // The pictures that are there for print say the same.
    alive.remove("alive");
    state.error = String(error);
  });
  alive.add("alive");
  // Nothing is decoded or drawn before it comes near the window.
  const near = new IntersectionObserver((entries) => {
    if (entries.some((one) => one.isIntersecting)) {
      near.disconnect();
      tried();
    }
  }, { rootMargin: "400px" });
  near.observe(place);
})();
