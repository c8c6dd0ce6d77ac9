"""Static files from the source folders, without a thread or a warning for every request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import closing
from http import HTTPStatus
from typing import Any, ClassVar

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise for both kinds of handler.

    WhiteNoise itself is sync only: under ASGI Django would put a thread before every view, and
    warn about the file that it streams.
    """

    sync_capable = True
    async_capable = True
    found: ClassVar[dict[str, Any]] = {}

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def add_files_from_finders(self) -> None:
        """Look through the folders once a process: each test's client makes a handler of its own."""
        if not self.found:
            super().add_files_from_finders()
            self.found.update(self.files)
        self.files: dict[str, Any] = self.found

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if not request.path_info.startswith(self.static_prefix):
            answer: HttpResponseBase | Awaitable[HttpResponseBase] = self.get_response(request)
            return answer
        return self._answer_async(request) if self.is_async else super().__call__(request)

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        found = await sync_to_async(self._read)(request)
        if found is None:
            passed_on: HttpResponseBase = await self.get_response(request)
            return passed_on
        return found

    def _read(self, request: HttpRequest) -> HttpResponse | None:
        """Return the file whole: the largest is half a megabyte."""
        path = request.path_info
        file = self.find_file(path) if self.autorefresh else self.files.get(path)
        if file is None:
            return None
        with closing(self.serve(file, request)) as streamed:
            answer = HttpResponse(
                streamed.getvalue(), status=streamed.status_code, headers=dict(streamed.items())
            )
        if request.method == "GET" and answer.status_code == HTTPStatus.OK:
            # WhiteNoise measured at the start; an update may have changed the file since.
            answer["Content-Length"] = str(len(answer.content))
        return answer
