"""A headless Chromium that tests drive, through the pipes of its DevTools protocol."""

import base64
import json
import os
import shutil
import subprocess
import time
from contextlib import contextmanager

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is found on the PATH")
_SECONDS = 60


class Page:
    """The page that is open."""

    def __init__(self, write, read):
        self._write, self._read, self._number, self._session = write, read, 0, None
        self.requests, self.errors = [], []
        (target,) = (
            one["targetId"]
            for one in self._ask("Target.getTargets")["targetInfos"]
            if one["type"] == "page"
        )
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self._ask(f"{domain}.enable")

    def _ask(self, method, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self._next())
            self._note(answer)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return answer["result"]

    def _next(self):
        parts = []
        while True:
            byte = self._read.read(1)
            assert byte, "chromium ended"
            if byte == b"\0":
                return b"".join(parts)
            parts.append(byte)

    def _note(self, event):
        if event.get("method") == "Network.requestWillBeSent":
            self.requests.append(event["params"]["request"]["url"])
        if event.get("method") == "Runtime.exceptionThrown":
            self.errors.append(event["params"]["exceptionDetails"])

    def open(self, url):
        self.requests.clear()
        self._ask("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def size(self, width, height):
        self._ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def media(self, name):
        self._ask("Emulation.setEmulatedMedia", media=name)

    def value(self, expression):
        """What a JavaScript expression gives, as plain JSON values."""
        given = self._ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in given, given["exceptionDetails"]
        return given["result"].get("value")

    def wait(self, expression):
        """Wait until an expression is true."""
        end = time.monotonic() + _SECONDS
        while not self.value(expression):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.02)

    def move(self, x, y):
        self._ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def wheel(self, x, y, turn):
        self.move(x, y)
        event = {"type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": turn}
        self._ask("Input.dispatchMouseEvent", **event)

    def picture(self, path, whole=True):
        shot = self._ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))


@contextmanager
def browser(folder):
    """A page in a Chromium of its own, whose profile is in a folder.

    Yields
    ------
    Page
    """
    from_us, to_them = os.pipe()
    from_them, to_us = os.pipe()

    def numbered():
        # Where --remote-debugging-pipe looks.
        os.dup2(from_us, 203)
        os.dup2(to_us, 204)
        os.dup2(203, 3)
        os.dup2(204, 4)

    words = [CHROMIUM, "--headless=new", "--remote-debugging-pipe", "--no-first-run"]
    words += ["--disable-gpu", "--disable-background-networking", "--disable-extensions"]
    words += [f"--user-data-dir={folder}", "--hide-scrollbars", "about:blank"]
    if os.geteuid() == 0:
        words.insert(1, "--no-sandbox")
    program = subprocess.Popen(
        words,
        preexec_fn=numbered,
        close_fds=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(from_us)
    os.close(to_us)
    try:
        with open(from_them, "rb", closefd=False) as read:
            yield Page(to_them, read)
    finally:
        program.terminate()
        program.wait(timeout=_SECONDS)
        os.close(to_them)
        os.close(from_them)
