//! Strangers who connect and say nothing: they take the room of their own address and nobody else's.

use std::net::SocketAddr;

use tokio::net::{TcpSocket, TcpStream};

use crate::{
    house::{House, LEWISHAM, narrative},
    person::submission,
};

async fn silent(from: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
    socket.connect(to).await.unwrap()
}

#[tokio::test]
async fn silent_strangers_keep_nobody_out() {
    let house = House::open().await;
    let mut strangers = Vec::new();
    for _ in 0..300 {
        strangers.push(silent("127.0.0.2", house.address()).await);
    }
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    // They stood at the door until now.
    drop(strangers);
}
