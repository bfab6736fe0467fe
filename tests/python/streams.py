"""Streams in Python: a council's night batch.

    python streams.py PROFILE submit FILE...
"""

import sys
import uuid

import grpc

from council import connect, explain, load
from homeward.v1 import referral_pb2, referral_pb2_grpc


def submit(council, submissions):
    """One result a submission, in their order. grpcio takes the next item only when the broker has room for it."""
    items = (referral_pb2.SubmitReferralsRequest(request_id=str(uuid.uuid4()), submission=each) for each in submissions)
    return council.SubmitReferrals(items, timeout=300)


def main(profile, command, *arguments):
    with connect(profile) as channel:
        if command == "submit":
            council = referral_pb2_grpc.ReferralServiceStub(channel)
            for file, answer in zip(arguments, submit(council, map(load, arguments))):
                if answer.WhichOneof("result") == "receipt":
                    print(file, answer.receipt.referral_id)
                else:
                    print(file, answer.refusal.reason, *(one.field for one in answer.refusal.field_violations))
        else:
            sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except grpc.RpcError as refused:
        explain(refused)
        sys.exit(1)
