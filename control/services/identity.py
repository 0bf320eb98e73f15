"""Who asks: one place that knows every kind of credential."""

from __future__ import annotations

from collections.abc import Callable

from control.domain.sessions import Device, Principal
from control.errors import InvalidToken
from control.services.service_tokens import PREFIX, ServiceTokens
from control.services.sessions import Sessions
from control.services.sign_ins import BasicSignIns, ForeignSignIns


class Identity:
    """`device` is only called where a credential is checked for the first time."""

    def __init__(self, sessions: Sessions, service_tokens: ServiceTokens, basic: BasicSignIns, foreign: ForeignSignIns):
        self._sessions, self._service_tokens, self._basic, self._foreign = sessions, service_tokens, basic, foreign
        self.foreign_cookies = foreign.cookies

    def by_access_token(self, token: str, active: bool) -> Principal:
        """Our own; raises TokenExpired, InvalidToken or SessionEnded."""
        return self._sessions.principal(token, active)

    def by_bearer(
        self, token: str, device: Callable[[], Device], address: str, decision_id: str, active: bool
    ) -> Principal:
        """A service token, an access token of ours, or a token of another issuer; raises as those do."""
        if token.startswith(PREFIX):
            return self._service_tokens.principal(token, address)
        if self._foreign.remembers(token):
            return self._foreign.principal(token, device(), decision_id, active)
        try:
            return self._sessions.principal(token, active)
        except InvalidToken:
            if not self._foreign:
                raise
        return self._foreign.principal(token, device(), decision_id, active)

    def by_foreign_cookie(
        self, token: str, device: Callable[[], Device], decision_id: str, active: bool
    ) -> Principal:  # fmt: skip
        return self._foreign.principal(token, device(), decision_id, active)

    def by_basic(
        self, login: str, password: str, device: Callable[[], Device], decision_id: str, active: bool
    ) -> Principal:
        """Raises InvalidCredentials or TooManyTries."""
        return self._basic.principal(login, password, device(), decision_id, active)

    def still(self, session_id: str | None, token_id: str | None) -> Principal:
        """Like :meth:`alive`, and no activity."""
        return self._sessions.alive(session_id, False) if session_id else self._service_tokens.alive(token_id)

    def alive(self, session_id: str | None, token_id: str | None) -> Principal:
        """The principal that holds a grant; raises SessionEnded. Asking for it is activity."""
        return self._sessions.alive(session_id) if session_id else self._service_tokens.alive(token_id)
