"""Streams in Python: a council's night batch, and an officer's queue as it fills.

    python streams.py PROFILE submit FILE...
    python streams.py PROFILE follow QUEUE SESSION OUTCOME COUNT
"""

import queue
import sys
import uuid

import grpc

from council import connect, explain, load
from homeward.v1 import queue_pb2, queue_pb2_grpc, referral_pb2, referral_pb2_grpc


def submit(council, submissions):
    """One result a submission, in their order. grpcio takes the next item only when the broker has room for it."""
    items = (referral_pb2.SubmitReferralsRequest(request_id=str(uuid.uuid4()), submission=each) for each in submissions)
    return council.SubmitReferrals(items, timeout=300)


def follow(officer, name, session, outcome, count):
    """Takes deliveries as they arrive, opens each and settles it on the same stream, until so many are settled."""
    steps = queue.SimpleQueue()
    steps.put(queue_pb2.StreamPullRequest(start=queue_pb2.StreamPullStart(queue=name, session=session)))
    for event in officer.StreamPull(iter(steps.get, None)):
        if event.WhichOneof("event") == "delivery":
            leased = event.delivery
            held = {"delivery_id": leased.delivery.delivery_id, "lease_token": leased.lease.token}
            for unit in leased.delivery.openable:
                officer.OpenPart(queue_pb2.OpenPartRequest(part=unit.part, item=unit.item, **held), timeout=30)
            complete = queue_pb2.CompleteDeliveryRequest(request_id=str(uuid.uuid4()), outcome=outcome, **held)
            steps.put(queue_pb2.StreamPullRequest(complete=complete))
        elif event.WhichOneof("event") == "result":
            result = event.result
            if result.WhichOneof("outcome") == "refusal":
                print("refused", result.refusal.reason)
            else:
                print(result.completed.delivery.referral_id, result.completed.sender_wording, flush=True)
            count -= 1
            if count == 0:
                steps.put(None)


def main(profile, command, *arguments):
    with connect(profile) as channel:
        if command == "submit":
            council = referral_pb2_grpc.ReferralServiceStub(channel)
            for file, answer in zip(arguments, submit(council, map(load, arguments))):
                if answer.WhichOneof("result") == "receipt":
                    print(file, answer.receipt.referral_id)
                else:
                    print(file, answer.refusal.reason, *(one.field for one in answer.refusal.field_violations))
        elif command == "follow":
            name, session, outcome, count = arguments
            follow(queue_pb2_grpc.QueueServiceStub(channel), name, session, outcome, int(count))
        else:
            sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except grpc.RpcError as refused:
        explain(refused)
        sys.exit(1)
