"""A council's case system in Python: preview, submit and watch Return Home Interviews.

    python -m grpc_tools.protoc -I proto --python_out=. --grpc_python_out=. proto/homeward/v1/*.proto
    python council.py PROFILE preview FILE
    python council.py PROFILE submit FILE
    python council.py PROFILE watch [RESUME_TOKEN]

PROFILE is the folder that `homeward pki issue` made; FILE is the JSON form of a submission.
"""

import pathlib
import sys
import time
import uuid

import grpc
from google.protobuf import json_format
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from homeward.v1 import referral_pb2, referral_pb2_grpc, submission_pb2


# readme: begin
def connect(profile):
    """A channel with mutual TLS, as the profile says."""
    read = lambda name: (pathlib.Path(profile) / name).read_bytes()
    credentials = grpc.ssl_channel_credentials(read("ca.pem"), read("key.pem"), read("cert.pem"))
    return grpc.secure_channel(read("endpoint").decode().strip().removeprefix("https://"), credentials)


def load(file):
    return json_format.Parse(pathlib.Path(file).read_text(encoding="utf-8"), submission_pb2.Submission())


def submit(council, submission):
    """Submits once, however often it takes: every try carries the same request_id, so nothing is ever taken in twice."""
    request = referral_pb2.SubmitReferralRequest(request_id=str(uuid.uuid4()), submission=submission)
    for pause in (1, 2, 4, 8, None):
        try:
            return council.SubmitReferral(request, timeout=30).receipt
        except grpc.RpcError as error:
            if pause is None or error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                raise
            time.sleep(pause)
# readme: end


def explain(error):
    """Prints why a call was refused: all that is wrong comes at once, each field with what to do."""
    print(f"{error.code().name}: {error.details()}", file=sys.stderr)
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        bad = error_details_pb2.BadRequest()
        if detail.Unpack(bad):
            for violation in bad.field_violations:
                print(f"  {violation.field}: {violation.description}", file=sys.stderr)


def main(profile, command, argument=""):
    with connect(profile) as channel:
        council = referral_pb2_grpc.ReferralServiceStub(channel)
        if command == "preview":
            request = referral_pb2.PreviewReferralRequest(submission=load(argument))
            explanation = council.PreviewReferral(request, timeout=30).explanation
            print(getattr(explanation, "class"), *explanation.rules)
            for leg in explanation.legs:
                print(leg.queue, *leg.rules)
            for text in explanation.written:
                for span in text.spans:
                    police = next(reading for reading in span.readings if reading.lens == "item")
                    print("span", text.field, f"{span.start}-{span.end}", span.type, police.action, police.role, police.shown)
            for advice in explanation.advice:
                print("advice", advice.field or f"item {advice.item}", f"{advice.start}-{advice.end}", advice.kind, advice.say)
        elif command == "submit":
            receipt = submit(council, load(argument))
            print(receipt.referral_id, receipt.digest)
        elif command == "watch":
            for event in council.WatchReferrals(referral_pb2.WatchReferralsRequest(resume_token=argument)):
                name = referral_pb2.ReferralEvent.Name(event.event).removeprefix("REFERRAL_EVENT_")
                leg = event.destination
                print(event.resume_token, event.referral_id, name, leg.queue, leg.outcome, flush=True)
        else:
            sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except grpc.RpcError as refused:
        explain(refused)
        sys.exit(1)
