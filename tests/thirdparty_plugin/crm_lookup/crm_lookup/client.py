"""The CRM as this plugin sees it: one authorised request, and its errors in the phone's words."""

from typing import Any

from callmanager.api import NotConfigured, PluginContext

from crm_lookup.settings import CrmLookupSettings


class CrmClient:
    """Asks the CRM of Settings. Raises `NotConfigured`, `SignInNeeded`, `Unreachable`, as the phone's own client does."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    async def get(self, path: str, **parameters: str) -> Any:
        answer = await self._ctx.http.get(self._url(path), params=parameters, headers=await self._headers())
        return answer.json()

    async def post(self, path: str, document: object) -> Any:
        answer = await self._ctx.http.post(self._url(path), json=document, headers=await self._headers())
        return answer.json()

    def _url(self, path: str) -> str:
        url = self._ctx.settings.get(CrmLookupSettings).url
        if not url:
            raise NotConfigured("the address of the CRM is missing; enter it in Settings")
        return f"{url.rstrip('/')}/{path}"

    async def _headers(self) -> dict[str, str]:
        token = await self._ctx.settings.secret(CrmLookupSettings, "token")
        return {"Authorization": f"Bearer {token}"} if token else {}
