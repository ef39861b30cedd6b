"""What an RQ worker does for one recording: fetch it, sync it, give it its name, mark its run."""

import os
from pathlib import Path

import psycopg
import requests


def fetch(url: str, folder: str, business: int, call_sid: str) -> None:
    home = Path(folder) / str(business)
    home.mkdir(exist_ok=True)
    part, name = home / f".{call_sid}.part", home / f"{call_sid}.wav"
    with requests.get(url, stream=True, timeout=30) as answer, part.open("wb") as file:
        answer.raise_for_status()
        for piece in answer.iter_content(65536):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    part.rename(name)
    with psycopg.connect(os.environ["DATABASE_URL"]) as database:
        database.execute("UPDATE recording_runs SET status = 'completed', completed_at = now()"
                         " WHERE business_id = %s AND call_sid = %s", [business, call_sid])
