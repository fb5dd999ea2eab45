"""BMTK's PointNet simulates SONATA circuits as they are, and builds one of its own.

python run_bmtk.py FOLDER…: each is simulated; one that has no circuit gets one by BMTK's builder before.
"""

import json
import os
import sys
from pathlib import Path

os.environ["OMP_WAIT_POLICY"] = "passive"  # threads of NEST spin otherwise

import h5py
import numpy as np
from bmtk.builder.networks import NetworkBuilder
from bmtk.simulator import pointnet
from bmtk.utils.sim_setup import build_env_pointnet

N = 12
# Cells in units of a real membrane, and in units of the threshold.
CELLS = {
    "exc": {"E_L": -60.0, "V_reset": -60.0, "V_m": -60.0, "V_th": -59.0, "tau_m": 5.0},
    "inh": {"E_L": 0.0, "V_reset": 0.0, "V_m": 0.0, "V_th": 1.2, "tau_m": 3.0},
}
FORCED = [
    (1, 0),
    (2, 3),
    (4, 7),
    (9, 1),
    (20, 11),
    (21, 5),
]  # ms and node of the spikes from outside


def build(folder):
    """A network with synapses of types, of each edge, and several of one pair; and spikes from outside."""
    for kind in ("point_neuron_models", "synaptic_models"):
        (folder / "components" / kind).mkdir(parents=True)
    for name, values in CELLS.items():
        path = folder / f"components/point_neuron_models/{name}.json"
        path.write_text(json.dumps({**values, "t_ref": 0.0, "C_m": 250.0}))
    (folder / "components/synaptic_models/static.json").write_text("{}")
    rng = np.random.default_rng(4)
    own, outside = NetworkBuilder("cortex"), NetworkBuilder("thalamus")
    for name, n in (("exc", 8), ("inh", 4)):
        own.add_nodes(
            N=n,
            pop_name=name,
            model_type="point_neuron",
            model_template="nest:iaf_psc_delta",
            dynamics_params=f"{name}.json",
        )
    how = {"model_template": "static_synapse", "dynamics_params": "static.json"}
    own.add_edges(
        source={"pop_name": "exc"},
        connection_rule=lambda source, target: int(rng.integers(0, 3)),
        syn_weight=0.52,
        delay=2.0,
        **how,
    )
    each = own.add_edges(
        source={"pop_name": "inh"},
        target={"pop_name": "exc"},
        connection_rule=lambda source, target: 1,
        **how,
    )
    each.add_properties("syn_weight", rule=lambda s, t: -0.31 * (1 + s.node_id % 3), dtypes=float)
    each.add_properties("delay", rule=lambda s, t: 1.0 + t.node_id % 4, dtypes=float)
    outside.add_nodes(N=N, model_type="virtual")
    outside.add_edges(
        target=own.nodes(),
        connection_rule=lambda source, target: int(source.node_id == target.node_id),
        syn_weight=1e4,
        delay=1.0,
        **how,
    )
    for one in (own, outside):
        one.build()
        one.save_nodes(output_dir=str(folder / "network"))
        one.save_edges(output_dir=str(folder / "network"))
    (folder / "inputs").mkdir()
    with h5py.File(folder / "inputs/spikes.h5", "w") as file:
        times, nodes = np.array(FORCED, float).T
        file["spikes/thalamus/timestamps"] = times
        file["spikes/thalamus/node_ids"] = nodes.astype(np.uint64)
    build_env_pointnet(
        base_dir=str(folder),
        network_dir=str(folder / "network"),
        tstop=60.0,
        dt=1.0,
        include_examples=False,
        spikes_inputs=[("thalamus", str(folder / "inputs/spikes.h5"))],
    )


for folder in map(Path, sys.argv[1:]):
    configs = "simulation_config.json"
    if not (folder / configs).exists():
        build(folder)
        # It names both, the circuit and the simulation.
        configs = "config.json"
    os.chdir(folder)
    config = pointnet.Config.from_json(configs)
    config.build_env()
    network = pointnet.PointNetwork.from_config(config)
    pointnet.PointSimulator.from_config(config, network).run()
