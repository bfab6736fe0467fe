# etcd and PostgreSQL under Patroni as Debian has them, for compose.yml:  docker build -f deploy/cluster/database.Dockerfile -t homeward-database deploy/cluster
FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates etcd-server patroni pgbackrest postgresql-15 python3-etcd \
    && rm -rf /var/lib/apt/lists/* /var/lib/postgresql/15/main \
    && install -d -m 0700 -o postgres -g postgres /var/lib/etcd /var/lib/postgresql/15 /var/lib/pgbackrest
USER postgres
ENV PATH=/usr/lib/postgresql/15/bin:/usr/bin:/bin
VOLUME ["/var/lib/etcd", "/var/lib/postgresql"]
CMD ["patroni", "/etc/patroni/config.yml"]
