"""Plain Dask tasks in real worker processes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import httpx
import pytest
from distributed import Client, LocalCluster

from aiq_connect import JobUnknown, ReconnectRequired, SyncMCPTokenStore
from tests.broker_double import KEY, BrokerDouble, broker_double, fault, reconnect, token
from tests.protected_double import protected_double

# distributed warns about itself, and leaves sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def read(url: str, job_id: str) -> tuple[int, str]:
    """What the owner of the job may read, and by which process."""
    with SyncMCPTokenStore() as store:
        token = store.resolve(None, "incidents", job_id=job_id, wait=True)
        return os.getpid(), httpx.get(url, headers=token.headers_for(url)).text


@pytest.fixture(scope="module")
def double() -> Iterator[BrokerDouble]:
    with broker_double() as double:
        yield double


@pytest.fixture(scope="module")
def client(double: BrokerDouble) -> Iterator[Client]:
    environment = {"AIQ_CONNECT_WORKER_URL": double.url, "AIQ_CONNECT_WORKER_KEY": KEY}
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            env=environment,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def url(double: BrokerDouble) -> Iterator[str]:
    with protected_double({"of-alice": "rows of alice", "of-bob": "rows of bob"}) as url:
        double.will(token("of-alice", server_url=url), only_for="job-of-alice")
        double.will(token("of-bob", server_url=url), only_for="job-of-bob")
        yield url


def test_each_task_reads_as_the_owner_of_its_job(client: Client, url: str) -> None:
    workers = list(client.scheduler_info()["workers"])
    jobs = ["job-of-alice", "job-of-bob"]
    futures = [client.submit(read, url, job, workers=[at]) for job, at in zip(jobs, workers, strict=True)]
    (alice, hers), (bob, his) = client.gather(futures)
    assert (hers, his) == ("rows of alice", "rows of bob")
    assert len({alice, bob, os.getpid()}) == 3


def test_a_task_waits_for_its_person(client: Client, double: BrokerDouble, url: str) -> None:
    double.will(reconnect("revoked", waits=60), only_for="job-that-waits")
    future = client.submit(read, url, "job-that-waits")
    deadline = time.monotonic() + 60
    while double.held == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    double.will(token("of-alice", server_url=url), only_for="job-that-waits")
    assert future.result(timeout=60)[1] == "rows of alice"


def test_the_failure_of_a_task_arrives_as_what_it_was(client: Client, double: BrokerDouble, url: str) -> None:
    double.will(reconnect("skipped"), only_for="job-without")
    with pytest.raises(ReconnectRequired) as caught:
        client.submit(read, url, "job-without").result(timeout=60)
    assert (caught.value.source_id, caught.value.reason) == ("incidents", "skipped")
    double.will(fault(404, "job_unknown"), only_for="job-of-nobody")
    with pytest.raises(JobUnknown):
        client.submit(read, url, "job-of-nobody").result(timeout=60)
