# A static binary in an empty image, run by a user without rights.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
RUN CGO_ENABLED=0 go build -trimpath \
      -ldflags "-s -w -X github.com/prometheus/common/version.Version=${VERSION}" \
      -o /out/haproxy_log_exporter ./cmd/haproxy_log_exporter \
 && install -d -m 0750 -o 65532 -g 65532 /out/state

FROM scratch
COPY --from=build /out/haproxy_log_exporter /haproxy_log_exporter
COPY --from=build --chown=65532:65532 /out/state /state
USER 65532:65532
VOLUME /state
EXPOSE 10199
ENV STATE_DIRECTORY=/state
ENTRYPOINT ["/haproxy_log_exporter"]
# Inside a container loopback reaches nobody. Arguments given to `docker run` replace this line.
CMD ["--web.listen-address=:10199", "--haproxy.log.path=/log/haproxy.log", "--haproxy.log.format=httplog"]
