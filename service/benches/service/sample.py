"""The sample's data API, as in its five write-ups."""

import os
from datetime import datetime

from flask import Flask, jsonify, request
from pymongo import MongoClient

app = Flask(__name__)
client = MongoClient(os.environ.get("MONGODB_URI", "mongodb://localhost:27017/"))
collection = client.flask_db.data


@app.route("/")
def index():
    return f"Welcome to the Flask app! The current time is: {datetime.now()}"


@app.route("/data", methods=["GET", "POST"])
def data():
    if request.method == "POST":
        result = collection.insert_one(request.get_json())
        return jsonify({"status": "Data inserted", "id": str(result.inserted_id)}), 201
    return jsonify(list(collection.find({}, {"_id": 0}))), 200


@app.route("/health")
def health():
    client.admin.command("ping")
    return jsonify({"status": "healthy"}), 200
