//! Which methods answer with a stream, by what the services themselves declare.

use std::{collections::BTreeSet, sync::LazyLock};

use prost_reflect::DescriptorPool;

/// Where pages follow what happens: a stream like those of the services, and counted as one.
pub const PAGES_STREAM: &str = "/live";

/// Whether a call of this path opens a stream that may stay.
pub(super) fn is_stream(path: &str) -> bool {
    static STREAMS: LazyLock<BTreeSet<String>> = LazyLock::new(declared);
    path == PAGES_STREAM || STREAMS.contains(path)
}

fn declared() -> BTreeSet<String> {
    let of_others = [tonic_health::pb::FILE_DESCRIPTOR_SET, tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET];
    let sets = of_others.into_iter().chain([super::DESCRIPTOR]);
    let pools = sets.map(|set| DescriptorPool::decode(set).expect("the build wrote the descriptors"));
    pools.flat_map(|pool| streams(&pool)).collect()
}

fn streams(pool: &DescriptorPool) -> Vec<String> {
    let methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
    let streams = methods.filter(prost_reflect::MethodDescriptor::is_server_streaming);
    streams.map(|method| format!("/{}/{}", method.parent_service().full_name(), method.name())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_those_that_the_services_declare() {
        for stream in [
            "/homeward.v1.QueueService/StreamPull",
            "/homeward.v1.ReferralService/SubmitReferrals",
            "/grpc.health.v1.Health/Watch",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "/live",
        ] {
            assert!(is_stream(stream), "{stream}");
        }
        for other in ["/homeward.v1.QueueService/Pull", "/grpc.health.v1.Health/Check", "/", "StreamPull"] {
            assert!(!is_stream(other), "{other}");
        }
    }
}
