"""An officer's desk in Python: takes everything in one queue, opens it, settles it.

    python officer.py PROFILE QUEUE OUTCOME
"""

import sys
import uuid

import grpc

from council import connect, explain
from homeward.v1 import queue_pb2, queue_pb2_grpc, unit_pb2


def main(profile, queue, outcome):
    with connect(profile) as channel:
        officer = queue_pb2_grpc.QueueServiceStub(channel)
        request = queue_pb2.PullRequest(request_id=str(uuid.uuid4()), queue=queue, max_deliveries=20)
        for leased in officer.Pull(request, timeout=30).deliveries:
            held = {"delivery_id": leased.delivery.delivery_id, "lease_token": leased.lease.token}
            for unit in leased.delivery.openable:
                opened = officer.OpenPart(queue_pb2.OpenPartRequest(part=unit.part, item=unit.item, **held), timeout=30)
                print(opened.marking)
                print(unit_pb2.Part.Name(unit.part), unit.item or "")
                for field in opened.view.fields:
                    print(f"  {field.name}: {field.value}")
            settled = officer.CompleteDelivery(
                queue_pb2.CompleteDeliveryRequest(request_id=str(uuid.uuid4()), outcome=outcome, **held), timeout=30
            )
            print(leased.delivery.referral_id, settled.sender_wording)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except grpc.RpcError as refused:
        explain(refused)
        sys.exit(1)
