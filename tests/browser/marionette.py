"""Marionette, which Firefox speaks by itself, as the far end of a selenium driver.

Its commands are WebDriver's under other names, one JSON array a message, with its length before it:
https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html
"""

from __future__ import annotations

import json
import socket
from typing import Any

from selenium.webdriver.remote.command import Command

# What each command of selenium's is called, and what its arguments are called, where that differs.
COMMANDS = {
    Command.NEW_SESSION: "WebDriver:NewSession",
    Command.GET: "WebDriver:Navigate",
    Command.GO_BACK: "WebDriver:Back",
    Command.GO_FORWARD: "WebDriver:Forward",
    Command.REFRESH: "WebDriver:Refresh",
    Command.GET_CURRENT_URL: "WebDriver:GetCurrentURL",
    Command.W3C_EXECUTE_SCRIPT: "WebDriver:ExecuteScript",
    Command.W3C_EXECUTE_SCRIPT_ASYNC: "WebDriver:ExecuteAsyncScript",
    Command.FIND_ELEMENTS: "WebDriver:FindElements",
    Command.FIND_CHILD_ELEMENTS: "WebDriver:FindElements",
    Command.FIND_ELEMENT: "WebDriver:FindElement",
    Command.FIND_CHILD_ELEMENT: "WebDriver:FindElement",
    Command.CLICK_ELEMENT: "WebDriver:ElementClick",
    Command.CLEAR_ELEMENT: "WebDriver:ElementClear",
    Command.SEND_KEYS_TO_ELEMENT: "WebDriver:ElementSendKeys",
    Command.GET_ELEMENT_TEXT: "WebDriver:GetElementText",
    Command.GET_ELEMENT_RECT: "WebDriver:GetElementRect",
    Command.GET_ELEMENT_ATTRIBUTE: "WebDriver:GetElementAttribute",
    Command.GET_ELEMENT_PROPERTY: "WebDriver:GetElementProperty",
    Command.GET_ELEMENT_VALUE_OF_CSS_PROPERTY: "WebDriver:GetElementCSSValue",
    Command.IS_ELEMENT_ENABLED: "WebDriver:IsElementEnabled",
    Command.W3C_ACTIONS: "WebDriver:PerformActions",
    Command.W3C_CLEAR_ACTIONS: "WebDriver:ReleaseActions",
    Command.ADD_COOKIE: "WebDriver:AddCookie",
    Command.GET_ALL_COOKIES: "WebDriver:GetCookies",
    Command.DELETE_ALL_COOKIES: "WebDriver:DeleteAllCookies",
    Command.SET_TIMEOUTS: "WebDriver:SetTimeouts",
    Command.SCREENSHOT: "WebDriver:TakeScreenshot",
    "context": "Marionette:SetContext",
}
ARGUMENTS: dict[str, dict[str, str]] = {
    Command.FIND_CHILD_ELEMENTS: {"id": "element"},
    Command.FIND_CHILD_ELEMENT: {"id": "element"},
}
SECONDS = 300.0


class Marionette:
    """What webdriver.Remote takes for its `command_executor`."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self._file = self._socket.makefile("rb")
        self._last = 0
        self._receive()  # who it is

    def execute(self, command: str, params: dict[str, Any]) -> dict[str, Any]:
        names = ARGUMENTS.get(command, {})
        given = {names.get(name, name): value for name, value in params.items()
                 if name != "sessionId"}
        if command == Command.NEW_SESSION:
            given = {}
        self._last += 1
        self._send([0, self._last, COMMANDS[command], given])
        _, number, error, result = self._receive()
        assert number == self._last
        if error:
            return {"status": error["error"], "value": error}
        plain = isinstance(result, dict) and set(result) == {"value"}
        return {"value": result["value"] if plain else result}

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def _send(self, message: list[Any]) -> None:
        body = json.dumps(message).encode()
        self._socket.sendall(b"%d:%s" % (len(body), body))

    def _receive(self) -> Any:
        length = b""
        while (byte := self._file.read(1)) != b":":
            assert byte, "Firefox has gone"
            length += byte
        return json.loads(self._file.read(int(length)))
