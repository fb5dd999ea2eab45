"""A dask scheduler that is running."""

import shutil
import subprocess

import pytest

from wmdelays.machine.dask_scheduler import connected


def test_a_scheduler_that_wants_certificates_gets_those_of_dasks_configuration(tmp_path):
    dask, distributed = pytest.importorskip("dask"), pytest.importorskip("distributed")
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    made = [*words, "-keyout", key, "-out", certificate]
    subprocess.run(made, check=True, capture_output=True)
    names = {"ca-file": certificate}
    for one in ("client", "scheduler", "worker"):
        names |= {f"{one}.key": key, f"{one}.cert": certificate}
    configured = {f"distributed.comm.tls.{name}": file for name, file in names.items()}
    local = dict(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None)
    with dask.config.set(configured):
        with distributed.LocalCluster(protocol="tls://", host="localhost", **local) as cluster:
            assert cluster.scheduler_address.startswith("tls://")
            with connected(cluster.scheduler_address) as client:
                assert client.submit(sum, [1, 2]).result() == 3
