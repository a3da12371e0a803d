"""HTTP clients whose calls block, each set up as its documents advise. Every `post` ends in the answer's bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from awaited import HEADERS, POOL

if TYPE_CHECKING:
    from collections.abc import Callable

    from measure import Job

    Post = Callable[[str, bytes], bytes]


def requests(job: Job) -> tuple[Post, Callable[[], Any]]:
    import requests

    session = requests.Session()
    session.trust_env = False
    session.headers.update(HEADERS)
    session.verify = job.authority if job.secure else True
    for scheme in ("http://", "https://"):
        session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=POOL))

    def post(url: str, body: bytes) -> bytes:
        response = session.post(url, data=body)
        response.raise_for_status()
        return response.content

    return post, session.close


def httpx(job: Job) -> tuple[Post, Callable[[], Any]]:
    import ssl

    import httpx

    trust = ssl.create_default_context(cafile=job.authority) if job.secure else True
    limits = httpx.Limits(max_connections=POOL, max_keepalive_connections=POOL)
    client = httpx.Client(headers=HEADERS, limits=limits, verify=trust, trust_env=False)

    def post(url: str, body: bytes) -> bytes:
        response = client.post(url, content=body)
        response.raise_for_status()
        return response.content

    return post, client.close


def urllib3(job: Job) -> tuple[Post, Callable[[], Any]]:
    import urllib3

    pool = urllib3.PoolManager(maxsize=POOL, headers=HEADERS, ca_certs=job.authority if job.secure else None)

    def post(url: str, body: bytes) -> bytes:
        response = pool.request("POST", url, body=body)
        if response.status != 200:
            raise ValueError(response.status)
        return response.data

    return post, pool.clear


def pyreqwest(job: Job) -> tuple[Post, Callable[[], Any]]:
    from pyreqwest.client import SyncClientBuilder

    builder = SyncClientBuilder().default_headers(HEADERS).no_proxy().error_for_status(True)
    if job.secure:
        with open(job.authority, "rb") as authority:
            builder = builder.add_root_certificate_pem(authority.read())
    client = builder.build()

    def post(url: str, body: bytes) -> bytes:
        return memoryview(client.post(url).body_bytes(body).build().send().bytes())

    return post, client.close


def niquests(job: Job) -> tuple[Post, Callable[[], Any]]:
    import niquests

    session = niquests.Session(pool_connections=1, pool_maxsize=POOL)
    session.headers.update(HEADERS)
    session.trust_env = False
    session.verify = job.authority if job.secure else True

    def post(url: str, body: bytes) -> bytes:
        response = session.post(url, data=body)
        response.raise_for_status()
        return response.content

    return post, session.close
