//! Somebody who calls the house: the generated clients, and the bytes of a call as they go over the wire.

use homeward::wire::{
    client::{
        admin_service_client::AdminServiceClient, identity_service_client::IdentityServiceClient,
        queue_service_client::QueueServiceClient, referral_service_client::ReferralServiceClient,
    },
    json, pb,
};
use prost::Message;
use tonic::{
    Code, Request, Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataMap,
    transport::Channel,
};
use tonic_types::StatusExt;
use uuid::Uuid;

/// A connected caller.
#[derive(Clone)]
pub struct Person {
    pub referrals: ReferralServiceClient<Channel>,
    pub queues: QueueServiceClient<Channel>,
    pub identity: IdentityServiceClient<Channel>,
    pub admin: AdminServiceClient<Channel>,
    channel: Channel,
}

/// A fresh request id.
pub fn fresh() -> String {
    let bytes: [u8; 16] = homeward::platform::entropy::random(&homeward::platform::SystemEntropy::new()).unwrap();
    Uuid::from_bytes(bytes).to_string()
}

/// A submission from its JSON form.
pub fn submission(json: &str) -> pb::Submission {
    json::from_json("Submission", json).unwrap()
}

/// A request to submit, with a fresh id.
pub fn request(submission: pb::Submission) -> pb::SubmitReferralRequest {
    pb::SubmitReferralRequest { request_id: fresh(), submission: Some(submission) }
}

/// Full path of a method of ReferralService.
pub fn referral(method: &str) -> String {
    format!("/homeward.v1.ReferralService/{method}")
}

/// Full path of a method of QueueService.
pub fn queue(method: &str) -> String {
    format!("/homeward.v1.QueueService/{method}")
}

impl Person {
    pub fn new(channel: Channel) -> Self {
        Self {
            referrals: ReferralServiceClient::new(channel.clone()),
            queues: QueueServiceClient::new(channel.clone()),
            identity: IdentityServiceClient::new(channel.clone()),
            admin: AdminServiceClient::new(channel.clone()),
            channel,
        }
    }

    /// A unary call, bytes in and bytes out.
    pub async fn call(&self, path: &str, body: Vec<u8>) -> Result<Vec<u8>, Status> {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let answered = grpc.unary(Request::new(body), path.parse().unwrap(), Bytes).await?;
        Ok(answered.into_inner())
    }

    /// What stands before a good answer to a unary call, and what behind it.
    pub async fn around(&self, path: &str, body: Vec<u8>) -> Result<[MetadataMap; 2], Status> {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        // Taken as a stream: of a unary answer both are given as one.
        let answered = grpc.server_streaming(Request::new(body), path.parse().unwrap(), Bytes).await?;
        let before = answered.metadata().clone();
        let mut answers = answered.into_inner();
        while answers.message().await?.is_some() {}
        Ok([before, answers.trailers().await?.unwrap_or_default()])
    }

    /// A stream both ways of messages that are all sent at once: the answers until it ended in order.
    pub async fn stream(&self, path: &str, items: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Status> {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let items = Request::new(tokio_stream::iter(items));
        let mut answers = grpc.streaming(items, path.parse().unwrap(), Bytes).await?.into_inner();
        let mut all = Vec::new();
        while let Some(answer) = answers.message().await? {
            all.push(answer);
        }
        Ok(all)
    }

    /// Submits; gives the receipt.
    pub async fn submit(&mut self, submission: pb::Submission) -> Result<pb::Receipt, Status> {
        let answered = self.referrals.submit_referral(request(submission)).await?;
        Ok(answered.into_inner().receipt.unwrap())
    }

    /// One referral.
    pub async fn referral(&mut self, id: &str) -> Result<pb::Referral, Status> {
        let asked = pb::GetReferralRequest { referral_id: id.to_owned() };
        Ok(self.referrals.get_referral(asked).await?.into_inner().referral.unwrap())
    }

    /// Headers of a queue.
    pub async fn deliveries(&mut self, queue: &str) -> Result<Vec<pb::Delivery>, Status> {
        let asked = pb::ListDeliveriesRequest { queue: queue.to_owned(), page_size: 200, ..Default::default() };
        Ok(self.queues.list_deliveries(asked).await?.into_inner().deliveries)
    }

    /// Takes up to 20 deliveries for ten minutes.
    pub async fn pull(&mut self, queue: &str) -> Result<Vec<Taken>, Status> {
        let asked =
            pb::PullRequest { request_id: fresh(), queue: queue.to_owned(), max_deliveries: 20, ..Default::default() };
        let taken = self.queues.pull(asked).await?.into_inner().deliveries;
        Ok(taken.into_iter().map(Taken::of).collect())
    }

    /// Opens one unit.
    pub async fn open(
        &mut self,
        taken: &Taken,
        (part, item): (pb::Part, u32),
        reason: &str,
    ) -> Result<pb::OpenPartResponse, Status> {
        let asked = pb::OpenPartRequest {
            delivery_id: taken.id.clone(),
            lease_token: taken.token.clone(),
            part: part.into(),
            item,
            reason: reason.to_owned(),
        };
        Ok(self.queues.open_part(asked).await?.into_inner())
    }

    /// Opens one unit and gives all that it says as one text.
    pub async fn read(&mut self, taken: &Taken, unit: (pb::Part, u32), reason: &str) -> Result<String, Status> {
        let view = self.open(taken, unit, reason).await?.view.unwrap();
        Ok(view.fields.into_iter().map(|field| format!("{}: {}\n", field.name, field.value)).collect())
    }

    /// Opens and settles everything in a queue.
    pub async fn settle_all(&mut self, queue: &str, outcome: &str) {
        for taken in self.pull(queue).await.unwrap() {
            if let Some(unit) = taken.header.openable.first() {
                self.open(&taken, (unit.part(), unit.item), "").await.unwrap();
            }
            self.complete(&taken, outcome).await.unwrap();
        }
    }

    /// Gives everything on HOLD to a queue.
    pub async fn resolve_all(&mut self, to: &str) {
        for taken in self.pull("HOLD.human").await.unwrap() {
            self.queues.resolve_held(resolution(&taken, to)).await.unwrap();
        }
    }

    /// Settles.
    pub async fn complete(&mut self, taken: &Taken, outcome: &str) -> Result<pb::CompleteDeliveryResponse, Status> {
        Ok(self.queues.complete_delivery(completion(taken, outcome)).await?.into_inner())
    }
}

/// A held matter given to a queue, with a fresh id.
pub fn resolution(taken: &Taken, to: &str) -> pb::ResolveHeldRequest {
    pb::ResolveHeldRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        to_queue: to.to_owned(),
        reason: "The school confirmed where she lives.".into(),
    }
}

/// A completion, with a fresh id.
pub fn completion(taken: &Taken, outcome: &str) -> pb::CompleteDeliveryRequest {
    pb::CompleteDeliveryRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        outcome: outcome.to_owned(),
        ..Default::default()
    }
}

/// A delivery under a lease.
#[derive(Clone)]
pub struct Taken {
    pub id: String,
    pub token: String,
    pub header: pb::Delivery,
}

impl Taken {
    pub fn of(leased: pb::LeasedDelivery) -> Self {
        let header = leased.delivery.unwrap();
        Self { id: header.delivery_id.clone(), token: leased.lease.unwrap().token, header }
    }
}

/// The refusal of a call: its code, reason word and offending fields with what to do.
pub struct Refusal {
    pub code: Code,
    pub reason: String,
    pub fields: Vec<(String, String)>,
    pub status: Status,
}

impl Refusal {
    pub fn names(&self, field: &str) -> bool {
        self.fields.iter().any(|(name, _)| name == field)
    }

    pub fn field_names(&self) -> Vec<&str> {
        self.fields.iter().map(|(name, _)| name.as_str()).collect()
    }
}

/// What a call was refused with.
pub fn refusal<T>(answered: Result<T, Status>) -> Refusal {
    let Err(status) = answered else { panic!("it was not refused") };
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.clone()).unwrap_or_default();
    let fields = details
        .bad_request()
        .map(|bad| bad.field_violations.iter().map(|field| (field.field.clone(), field.description.clone())).collect());
    Refusal { code: status.code(), reason, fields: fields.unwrap_or_default(), status }
}

/// Code and reason of a refusal.
pub fn why<T>(answered: Result<T, Status>) -> (Code, String) {
    let refused = refusal(answered);
    (refused.code, refused.reason)
}

/// The bytes of a message.
pub fn bytes<M: Message>(message: &M) -> Vec<u8> {
    message.encode_to_vec()
}

/// Messages as they are.
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        bytes::BufMut::put_slice(buffer, &item);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let length = bytes::Buf::remaining(buffer);
        Ok(Some(bytes::Buf::copy_to_bytes(buffer, length).to_vec()))
    }
}
