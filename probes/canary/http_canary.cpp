#include "probes/canary/canary.hpp"
#include "probes/canary/canary_probe.hpp"
#include "probes/canary/tcp_socket.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <strings.h>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::size_t kLongestHeader = 64 * 1024;
constexpr std::size_t kLongestBody = 1024 * 1024;

/// As much of a response's header as a canary needs.
struct Header {
    std::size_t size = 0;  // up to and with the empty line
    int status = 0;
    std::optional<std::size_t> length;  // of the body; none: not told
    bool keep_alive = true;
};

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trimmed(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return text.substr(0, text.find_last_not_of(" \t\r") + 1);
}

void read_field(std::string_view line, Header& header) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
        return;
    }
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (same(name, "content-length")) {
        std::size_t length = 0;
        const auto [end, error] =
            std::from_chars(value.data(), value.data() + value.size(), length);
        if (error == std::errc() && end == value.data() + value.size()) {
            header.length = length;
        }
    } else if (same(name, "connection") && same(value, "close")) {
        header.keep_alive = false;
    }
}

/// Nothing yet while the empty line has not come. Error: not HTTP/1.
Result<std::optional<Header>> read_header(std::string_view bytes) {
    constexpr std::string_view kStart = "HTTP/1.";
    constexpr std::size_t kStatusAt = 9;  // after "HTTP/1.1 "
    if (bytes.substr(0, kStart.size()) != kStart.substr(0, bytes.size())) {
        return Error{"the answer is not HTTP/1"};
    }
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        if (bytes.size() > kLongestHeader) {
            return Error{"the answer's header does not end"};
        }
        return std::optional<Header>();
    }
    Header header;
    header.size = end + 4;
    header.keep_alive = bytes.starts_with("HTTP/1.1");
    const std::string_view line = bytes.substr(0, bytes.find("\r\n"));
    if (line.size() < kStatusAt + 3 ||
        std::from_chars(line.data() + kStatusAt, line.data() + kStatusAt + 3, header.status).ec !=
            std::errc()) {
        return Error{"the answer has no status"};
    }
    if (header.status == 204 || header.status == 304) {
        header.length = 0;
    }
    std::string_view rest = bytes.substr(0, end + 2);
    while (!rest.empty()) {
        const std::size_t next = rest.find("\r\n");
        read_field(rest.substr(0, next), header);
        rest.remove_prefix(std::min(next, rest.size() - 2) + 2);
    }
    return std::optional<Header>(header);
}

class HttpCanary final : public CanaryProbe {
public:
    explicit HttpCanary(HttpCanaryOptions options)
        : CanaryProbe(options.name, options.period),
          options_(std::move(options)),
          addresses_(options_.host),
          request_(fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: plimsoll\r\n"
                               "Accept: */*\r\n\r\n",
                               options_.path, options_.host_header)) {}

private:
    [[nodiscard]] Result<Nanoseconds> attempt(Clock::time_point deadline) override;
    Result<Nanoseconds> exchange(Clock::time_point deadline);
    Status receive(Clock::time_point deadline);

    HttpCanaryOptions options_;
    Addresses addresses_;
    std::string request_;
    TcpSocket socket_;
    std::string received_;
};

Result<Nanoseconds> HttpCanary::attempt(Clock::time_point deadline) {
    const bool reused = socket_.open();
    received_.clear();
    if (reused) {
        Result<Nanoseconds> took = exchange(deadline);
        // Servers close idle connections; that is no failure of theirs. One that answered, or that
        // kept us waiting, has had its turn.
        if (took || !received_.empty() || Clock::now() >= deadline) {
            return took;
        }
    }
    Nanoseconds connecting{};
    received_.clear();
    if (Status up = addresses_.connect(socket_, options_.port, deadline, connecting); !up) {
        return Error{up.error().what, fmt::format("{}:{}", options_.host, options_.port)};
    }
    return exchange(deadline);
}

Result<Nanoseconds> HttpCanary::exchange(Clock::time_point deadline) {
    const Clock::time_point from = Clock::now();
    Status done = socket_.send(request_, deadline);
    if (done) {
        done = receive(deadline);
    }
    const Nanoseconds took = Clock::now() - from;
    if (!done) {
        socket_.close();
        return Error{done.error().what, "GET " + options_.path.substr(0, options_.path.find('?')),
                     done.error().hint};
    }
    return took;
}

Status HttpCanary::receive(Clock::time_point deadline) {
    std::optional<Header> header;
    while (!header || received_.size() < header->size + header->length.value_or(0)) {
        const Result<bool> more = socket_.receive(received_, deadline);
        if (!more) {
            return more.error();
        }
        if (!*more) {
            return Error{"the connection was closed before the answer's end"};
        }
        if (!header) {
            Result<std::optional<Header>> read = read_header(received_);
            if (!read) {
                return read.error();
            }
            header = *read;
            if (header && header->length.value_or(0) > kLongestBody) {
                return Error{"the answer is longer than 1 MiB", "", "name a smaller URL"};
            }
        }
    }
    if (!header->keep_alive || !header->length) {
        socket_.close();
    }
    if (header->status < 200 || header->status > 399) {
        const bool wrong_url = header->status >= 400 && header->status < 500;
        return Error{fmt::format("the answer's status is {}", header->status), "",
                     wrong_url ? "name a URL that answers 200 without using the database" : ""};
    }
    return {};
}

}  // namespace

ProbePtr make_http_canary(HttpCanaryOptions options) {
    return std::make_unique<HttpCanary>(std::move(options));
}

}  // namespace plimsoll
