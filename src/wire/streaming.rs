//! Which methods answer with a stream, by what the services themselves declare.

use std::{collections::BTreeSet, sync::LazyLock};

use prost_reflect::{DescriptorPool, MethodDescriptor};

/// Where pages follow what happens: a stream like those of the services, and counted as one.
pub const PAGES_STREAM: &str = "/live";

/// Whether a call of this path opens a stream that may stay.
pub(super) fn is_stream(path: &str) -> bool {
    static STREAMS: LazyLock<BTreeSet<String>> = LazyLock::new(declared);
    path == PAGES_STREAM || STREAMS.contains(path)
}

/// Whether a path is a method of our services.
pub(super) fn is_method(path: &str) -> bool {
    static METHODS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let pool = DescriptorPool::decode(super::DESCRIPTOR).expect("the build wrote the descriptors");
        let methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
        methods.map(|method| address(&method)).collect()
    });
    METHODS.contains(path)
}

fn address(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

fn declared() -> BTreeSet<String> {
    let of_others = [tonic_health::pb::FILE_DESCRIPTOR_SET, tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET];
    let sets = of_others.into_iter().chain([super::DESCRIPTOR]);
    let pools = sets.map(|set| DescriptorPool::decode(set).expect("the build wrote the descriptors"));
    pools.flat_map(|pool| streams(&pool)).collect()
}

fn streams(pool: &DescriptorPool) -> Vec<String> {
    let methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
    methods.filter(MethodDescriptor::is_server_streaming).map(|method| address(&method)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_services_declare_is_a_method() {
        assert!(is_method("/homeward.v1.QueueService/Pull"));
        for other in ["/homeward.v1.QueueService/Amy.Smith", "/homeward.v1.X/Pull", "/grpc.health.v1.Health/Check", "/"]
        {
            assert!(!is_method(other), "{other}");
        }
    }

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
