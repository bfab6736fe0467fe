//! Compiles the contract (`homeward/v1`) and the stored formats (`internal`) without protoc.
//!
//! Messages come from prost. Services are generated twice from the same descriptors: the server's requests arrive as
//! `Received<T>` (the message together with its bytes as received, so that a digest is of what was sent), the client's
//! are plain messages.

use std::{env, error::Error, fs, path::PathBuf};

use prost_types::{FileDescriptorSet, ServiceDescriptorProto};
use tonic_build::manual;

const PACKAGE: &str = "homeward.v1";
const MESSAGES: &str = "crate::wire::pb";
const RECEIVED: &str = "crate::wire::received";

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let contract = compile(&out, "homeward/v1", "contract.bin")?;
    compile(&out, "internal", "internal.bin")?;
    let services = contract.file.iter().flat_map(|file| &file.service);
    for service in services {
        generate(&out, service, Side::Server)?;
        generate(&out, service, Side::Client)?;
    }
    echo(&out)?;
    Ok(())
}

/// The service that answers with what it got: what `homeward bench` holds the broker against. No part of the contract.
fn echo(out: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let method = |name: &str, route: &str| {
        let bytes = "bytes::Bytes";
        let codec = "tonic_prost::ProstCodec";
        manual::Method::builder().name(name).route_name(route).input_type(bytes).output_type(bytes).codec_path(codec)
    };
    let service = manual::Service::builder()
        .name("EchoService")
        .package("homeward.bench")
        .method(method("once", "Once").build())
        .method(method("all", "All").client_streaming().server_streaming().build())
        .build();
    let dir = out.join("bench");
    fs::create_dir_all(&dir)?;
    manual::Builder::new().out_dir(&dir).compile(&[service]);
    Ok(())
}

/// Compiles every `.proto` file of one folder into Rust messages and a descriptor set.
fn compile(out: &std::path::Path, folder: &str, descriptor: &str) -> Result<FileDescriptorSet, Box<dyn Error>> {
    let root = PathBuf::from("proto");
    println!("cargo:rerun-if-changed=proto/{folder}");
    let mut files: Vec<PathBuf> =
        fs::read_dir(root.join(folder))?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|ext| ext == "proto"));
    files.sort();
    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;
    fs::write(out.join(descriptor), compiler.encode_file_descriptor_set())?;
    let set = compiler.file_descriptor_set();
    // Generated Debug would print content: messages are named in logs by their type only.
    let mut config = prost_build::Config::new();
    config.out_dir(out).skip_debug(["."]).compile_fds(set.clone())?;
    Ok(set)
}

enum Side {
    Server,
    Client,
}

/// Writes `server/` or `client/` code of one service.
fn generate(out: &std::path::Path, service: &ServiceDescriptorProto, side: Side) -> Result<(), Box<dyn Error>> {
    let (folder, server) = match side {
        Side::Server => ("server", true),
        Side::Client => ("client", false),
    };
    let dir = out.join(folder);
    fs::create_dir_all(&dir)?;
    let mut built = manual::Service::builder().name(service.name()).package(PACKAGE);
    for method in &service.method {
        let input = message(method.input_type());
        let mut entry = manual::Method::builder()
            .name(snake(method.name()))
            .route_name(method.name())
            .output_type(message(method.output_type()));
        entry = if server {
            entry.input_type(format!("{RECEIVED}::Received<{input}>")).codec_path(format!("{RECEIVED}::ReceivedCodec"))
        } else {
            entry.input_type(input).codec_path("tonic_prost::ProstCodec")
        };
        if method.client_streaming() {
            entry = entry.client_streaming();
        }
        if method.server_streaming() {
            entry = entry.server_streaming();
        }
        built = built.method(entry.build());
    }
    manual::Builder::new().build_server(server).build_client(!server).out_dir(&dir).compile(&[built.build()]);
    Ok(())
}

/// `.homeward.v1.Foo` as the Rust path of its generated message.
fn message(proto_type: &str) -> String {
    format!("{MESSAGES}::{}", proto_type.rsplit('.').next().unwrap_or(proto_type))
}

/// `SubmitReferral` as `submit_referral`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for (index, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && index > 0 {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}
