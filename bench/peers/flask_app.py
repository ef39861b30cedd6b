"""The usual way in Python: Flask, PyJWT, a look into the database, send_file."""

from __future__ import annotations

import os
import re

import jwt
import psycopg
from flask import Flask, abort, request, send_file

app = Flask(__name__)
database = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
SECRET = os.environ["JWT_SECRET"]
FOLDER = os.environ["RECORDINGS_DIR"]


def caller() -> int:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"require": ["exp"]})
    except jwt.InvalidTokenError:
        abort(401)
    return int(claims["business_id"])


@app.get("/recordings/<call>")
def recording(call: str):
    business = caller()
    if not re.fullmatch("CA[0-9a-f]{32}", call):
        abort(400)
    known = database.execute(
        "SELECT 1 FROM call_log WHERE call_sid = %s AND business_id = %s", [call, business]
    ).fetchone()
    path = f"{FOLDER}/{business}/{call}.wav"
    if not known or not os.path.exists(path):
        abort(404)
    answer = send_file(path, mimetype="audio/wav", conditional=True)
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Content-Disposition"] = "inline"
    answer.headers["Accept-Ranges"] = "bytes"
    return answer
