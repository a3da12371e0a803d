"""HTTP clients whose calls are awaited, each set up as its documents advise: a `post` ends in the answer's bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from measure import Job

    Post = Callable[[str, bytes], Awaitable[bytes]]

HEADERS = {"Authorization": "Bearer YWMtBenchmarkBenchmarkBenchmark", "Content-Type": "application/json"}
POOL = 128


def aiohttp(job: Job) -> tuple[Post, Callable[[], Any]]:
    import ssl

    import aiohttp

    trust = ssl.create_default_context(cafile=job.authority) if job.secure else True
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=POOL, ssl=trust), headers=HEADERS)

    async def post(url: str, body: bytes) -> bytes:
        async with session.post(url, data=body) as response:
            response.raise_for_status()
            return await response.read()

    return post, session.close


def httpx(job: Job) -> tuple[Post, Callable[[], Any]]:
    import ssl

    import httpx

    trust = ssl.create_default_context(cafile=job.authority) if job.secure else True
    limits = httpx.Limits(max_connections=POOL, max_keepalive_connections=POOL)
    client = httpx.AsyncClient(headers=HEADERS, limits=limits, verify=trust, trust_env=False)

    async def post(url: str, body: bytes) -> bytes:
        response = await client.post(url, content=body)
        response.raise_for_status()
        return response.content

    return post, client.aclose


def pyreqwest(job: Job) -> tuple[Post, Callable[[], Any]]:
    from pyreqwest.client import ClientBuilder

    builder = ClientBuilder().default_headers(HEADERS).no_proxy().error_for_status(True)
    if job.secure:
        with open(job.authority, "rb") as authority:
            builder = builder.add_root_certificate_pem(authority.read())
    client = builder.build()

    async def post(url: str, body: bytes) -> bytes:
        response = await client.post(url).body_bytes(body).build().send()
        return memoryview(await response.bytes())

    return post, client.close


def wreq(job: Job) -> tuple[Post, Callable[[], Any]]:
    from pathlib import Path

    import wreq

    client = wreq.Client(headers=HEADERS, no_proxy=True, tls_verify=Path(job.authority) if job.secure else True)

    async def post(url: str, body: bytes) -> bytes:
        response = await client.post(url, body=body)
        response.raise_for_status()
        return await response.bytes()

    return post, lambda: None


def niquests(job: Job) -> tuple[Post, Callable[[], Any]]:
    import niquests

    session = niquests.AsyncSession(pool_connections=1, pool_maxsize=POOL)
    session.headers.update(HEADERS)
    session.trust_env = False
    session.verify = job.authority if job.secure else True

    async def post(url: str, body: bytes) -> bytes:
        response = await session.post(url, data=body)
        response.raise_for_status()
        return response.content

    return post, session.close
