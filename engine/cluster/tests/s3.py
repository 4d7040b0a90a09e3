"""A data set in an object store is answered by workers as the store it was exported from, and a missing object is named.

    python s3.py EVENFIELD EVENFIELD_CLUSTER

Needs boto3 and moto[server], which stands in for an object store. evenfield is built with the feature parquet, the other
with s3.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import boto3
from moto.server import ThreadedMotoServer

WORDS = ["compare", "--json", "-q"]


def main(evenfield: str, cluster: str) -> None:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    access = {
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
    }
    client = boto3.client(
        "s3",
        endpoint_url=access["AWS_ENDPOINT"],
        region_name=access["AWS_REGION"],
        aws_access_key_id=access["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=access["AWS_SECRET_ACCESS_KEY"],
    )
    environment = os.environ | access
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)

        def run(*words: str) -> subprocess.CompletedProcess:
            return subprocess.run(words, cwd=place, env=environment, capture_output=True, timeout=300)

        for words in (["replay", "range-by-service", "-q"], ["export", "parquet", "--shards", "3", "lake", "-q"]):
            run(evenfield, *words).check_returncode()
        here = run(evenfield, *WORDS)
        client.create_bucket(Bucket="nation")
        for file in sorted((place / "lake").iterdir()):
            client.upload_file(str(file), "nation", f"year/lake/{file.name}")
        lake = "s3://nation/year/lake"
        workers, at = [], []
        try:
            for _ in range(2):
                words = [cluster, "worker", "--data", lake, "--listen", "127.0.0.1:0"]
                worker = subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True)
                workers.append(worker)
                at.append(worker.stderr.readline().split()[-1])
            asked = [cluster, "--data", lake, "--workers", ",".join(at)]
            there = run(*asked, *WORDS)
            assert there.returncode == 0, there.stderr.decode()
            assert there.stdout == here.stdout, "workers answer otherwise"
            client.delete_object(Bucket="nation", Key="year/lake/events-00001.parquet")
            gone = run(*asked, *WORDS)
            assert gone.returncode == 4 and not gone.stdout, gone
            assert "events-00001.parquet is missing" in gone.stderr.decode(), gone.stderr
        finally:
            for worker in workers:
                worker.kill()
    server.stop()
    print(f"{len(here.stdout):,} bytes of answer from {lake} are those of the store, and a missing object is named")


if __name__ == "__main__":
    main(*(str(pathlib.Path(program).resolve()) for program in sys.argv[1:3]))
