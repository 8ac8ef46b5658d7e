# Builds Plimsoll from Debian's packages with the release preset; the image runs it as an ordinary user.
#
#   docker build -t plimsoll . && docker run --rm plimsoll --help

FROM debian:bookworm-20260824-slim AS build
WORKDIR /src
# The list of packages changes rarely: this layer is kept when only the source does.
COPY scripts scripts
RUN scripts/setup build
COPY . .
RUN scripts/setup build \
    && cmake --preset release -DPLIMSOLL_TESTS=OFF \
    && cmake --build --preset release --target plimsoll \
    && strip --strip-debug build/release/plimsoll

FROM debian:bookworm-20260824-slim
# Just the packages whose libraries the program loads: tests/integration/compose compares them.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates \
        libboost-json1.81.0 \
        libbrotli1 \
        libfmt9 \
        libgcc-s1 \
        libpq5 \
        libre2-9 \
        libsnappy1v5 \
        libspdlog1.10 \
        libsqlite3-0 \
        libssl3 \
        libstdc++6 \
        libyaml-cpp0.7 \
        zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/plimsoll --create-home plimsoll \
    && install -d -o plimsoll /var/lib/plimsoll/results
COPY --from=build /src/build/release/plimsoll /usr/local/bin/plimsoll
USER plimsoll
# Run folders go to results/ below.
WORKDIR /var/lib/plimsoll
ENTRYPOINT ["plimsoll"]
CMD ["--help"]
