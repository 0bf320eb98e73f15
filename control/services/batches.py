"""Several media at once: each is decided on by itself, and what may be done is done in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from control.domain.batches import MOST_TAGS, Action, Outcome, Refused
from control.domain.media import Media, Visibility
from control.domain.rights import CHANGE_MEDIA, DELETE_MEDIA, USE_TRASH
from control.domain.sessions import Principal
from control.errors import ControlError, MediaNotFound, MountedFile, TooManyTags
from control.errors import table as errors
from control.services.audit import Audit
from control.services.decisions import decide
from control.services.library import Library
from control.services.trash import Trash

_RIGHTS = {"trash": DELETE_MEDIA, "restore": USE_TRASH, "tag": CHANGE_MEDIA, "visibility": CHANGE_MEDIA}
_ERRORS = {error.code: error for error in errors()}


class Batches:
    """`store` changes rows. What every method is given besides are the trail's facts, `address` and `decision`."""

    def __init__(self, store, library: Library, trash: Trash, audit: Audit):
        self._store, self._library, self._trash, self._audit = store, library, trash, audit

    def trash(self, principal: Principal, ids: Sequence[str], **facts: str) -> Outcome:
        return self._judged("trash", principal, ids, _mounted, self._trash.put, facts)

    def restore(self, principal: Principal, ids: Sequence[str], **facts: str) -> Outcome:
        return self._judged("restore", principal, ids, _nothing, self._trash.restore, facts)

    def tag(
        self, principal: Principal, ids: Sequence[str], add: Sequence[str], remove: Sequence[str], **facts: str
    ) -> Outcome:
        """What is to be added and removed as well is added."""

        def act(by: Principal, media: Sequence[Media], **facts: str) -> list[str]:
            done = self._store.tag([one.id for one in media], list(add), list(remove))
            return self._noted("media_renamed", by, done, {"add": list(add), "remove": list(remove)}, facts)

        def too_many(media: Media) -> type[ControlError] | None:
            return TooManyTags if len((set(media.tags) - set(remove)) | set(add)) > MOST_TAGS else None

        return self._judged("tag", principal, ids, too_many, act, facts)

    def show_to(self, principal: Principal, ids: Sequence[str], visibility: Visibility, **facts: str) -> Outcome:
        def act(by: Principal, media: Sequence[Media], **facts: str) -> list[str]:
            done = self._store.show_to([one.id for one in media], visibility)
            return self._noted("media_changed", by, done, {"visibility": visibility}, facts)

        return self._judged("visibility", principal, ids, _nothing, act, facts)

    def _judged(
        self, action: Action, principal: Principal, ids: Sequence[str], problem: Callable, act: Callable, facts: dict
    ) -> Outcome:
        """`act` upon those of `ids` that may be; `problem` names what is in the way besides a missing right."""
        ids = list(dict.fromkeys(ids))
        found = {media.id: media for media in self._library.find_all(ids)}
        refused = {one: _refusal(one, found.get(one), principal, action, problem, facts) for one in ids}
        allowed = [found[one] for one in ids if refused[one] is None]
        done = set(act(principal, allowed, **facts)) if allowed else set()
        late = {one.id: _refused(one.id, None, MediaNotFound) for one in allowed if one.id not in done}
        return Outcome(
            [one for one in ids if one in done], [refused[one] or late[one] for one in ids if one not in done]
        )

    def _noted(self, event: str, by: Principal, ids: Sequence[str], details: dict, facts: dict) -> list[str]:
        for one in ids:
            self._audit.record(event, by, media_id=one, details=details, reason="several at once", **facts)
        return list(ids)


def _refusal(
    media_id: str, media: Media | None, principal: Principal, action: Action, problem: Callable, facts: dict
) -> Refused | None:
    decision = decide(principal, _RIGHTS[action], media, facts.get("decision", ""))
    if not decision.allowed:
        return _refused(media_id, media, _ERRORS[decision.error])
    error = problem(media)
    return error and _refused(media_id, media, error)


def _refused(media_id: str, media: Media | None, error: type[ControlError]) -> Refused:
    known = media is not None and error is not MediaNotFound
    return Refused(media_id, media.name if known else "", error.code, f"{error().message} {error.advice}")


def _nothing(media: Media) -> None:
    return None


def _mounted(media: Media) -> type[ControlError] | None:
    return MountedFile if media.mount is not None else None
