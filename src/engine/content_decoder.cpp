#include "engine/content_decoder.hpp"

#include <algorithm>
#include <array>
#include <brotli/decode.h>
#include <cctype>
#include <climits>
#include <memory>

#include <fmt/format.h>
#include <zlib.h>

namespace plimsoll {
namespace {

using Buffer = std::array<std::uint8_t, 16384>;

Error too_large(std::uint64_t limit) {
    return Error{fmt::format("the decoded body is larger than {} bytes", limit), {}, {}};
}

Error damaged(std::string_view coding) {
    return Error{fmt::format("the {} body is damaged or incomplete", coding), {}, {}};
}

/// Adds `bytes` to `out`, within `limit`.
bool add(const Buffer& bytes, std::size_t count, std::uint64_t limit, std::string& out) {
    if (count > limit - out.size()) {
        return false;
    }
    out.append(reinterpret_cast<const char*>(bytes.data()), count);  // NOLINT: bytes to chars
    return true;
}

// zlib counts its input in 32 bits: fed in pieces.
class Input {
public:
    explicit Input(std::string_view bytes) : left_(bytes) {}
    void refill(z_stream& stream) {
        if (stream.avail_in == 0 && !left_.empty()) {
            const std::size_t size = std::min<std::size_t>(left_.size(), INT_MAX);
            // zlib's interface is older than const.
            stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(left_.data()));  // NOLINT
            stream.avail_in = static_cast<uInt>(size);
            left_.remove_prefix(size);
        }
    }
    [[nodiscard]] bool empty(const z_stream& stream) const {
        return stream.avail_in == 0 && left_.empty();
    }

private:
    std::string_view left_;
};

/// `window`: what zlib is told of the format. True when the whole of `body` was sound.
Status inflate_all(std::string_view coding, int window, std::string_view body, std::uint64_t limit,
                   std::string& out) {
    z_stream stream{};
    if (::inflateInit2(&stream, window) != Z_OK) {
        return Error{"no memory to decode the body", {}, {}};
    }
    const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, &::inflateEnd);
    Buffer buffer;
    Input input(body);
    bool ended = false;  // at the end of a gzip member; another may follow
    while (!input.empty(stream) || !ended) {
        input.refill(stream);
        if (ended && ::inflateReset(&stream) != Z_OK) {
            return damaged(coding);
        }
        stream.next_out = buffer.data();
        stream.avail_out = buffer.size();
        const int result = ::inflate(&stream, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END) {
            return damaged(coding);
        }
        if (!add(buffer, buffer.size() - stream.avail_out, limit, out)) {
            return too_large(limit);
        }
        ended = result == Z_STREAM_END;
        if (!ended && input.empty(stream) && stream.avail_out != 0) {
            return damaged(coding);
        }
    }
    return {};
}

Status unbrotli(std::string_view body, std::uint64_t limit, std::string& out) {
    const std::unique_ptr<BrotliDecoderState, void (*)(BrotliDecoderState*)> state(
        ::BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), &::BrotliDecoderDestroyInstance);
    if (!state) {
        return Error{"no memory to decode the body", {}, {}};
    }
    Buffer buffer;
    std::size_t left = body.size();
    const auto* next = reinterpret_cast<const std::uint8_t*>(body.data());  // NOLINT: as above
    for (;;) {
        std::size_t room = buffer.size();
        std::uint8_t* to = buffer.data();
        const auto result =
            ::BrotliDecoderDecompressStream(state.get(), &left, &next, &room, &to, nullptr);
        if (!add(buffer, buffer.size() - room, limit, out)) {
            return too_large(limit);
        }
        if (result == BROTLI_DECODER_RESULT_SUCCESS) {
            return left == 0 ? Status{} : damaged("br");
        }
        if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
            return damaged("br");
        }
    }
}

Status inflate_deflate(std::string_view body, std::uint64_t limit, std::string& out) {
    // HTTP's deflate is zlib's format (RFC 9110, 8.4.1.2); some servers leave its two bytes of
    // header out.
    constexpr int kZlib = 15;
    constexpr int kRaw = -15;
    const bool has_header =
        body.size() >= 2 && (body[0] & 0x0F) == 8 &&
        (static_cast<unsigned char>(body[0]) * 256 + static_cast<unsigned char>(body[1])) % 31 == 0;
    return inflate_all("deflate", has_header ? kZlib : kRaw, body, limit, out);
}

Status decode_one(std::string_view coding, std::string& body, std::uint64_t limit) {
    constexpr int kGzip = 15 + 16;
    std::string out;
    Status status;
    if (coding == "gzip" || coding == "x-gzip") {
        status = inflate_all("gzip", kGzip, body, limit, out);
    } else if (coding == "deflate") {
        status = inflate_deflate(body, limit, out);
    } else if (coding == "br") {
        status = unbrotli(body, limit, out);
    } else {
        return Error{
            fmt::format("content coding \"{}\" is not known", coding.substr(0, 40)), {}, {}};
    }
    if (status) {
        body = std::move(out);
    }
    return status;
}

}  // namespace

Status decode_content(std::string_view encoding, std::string& body, std::uint64_t limit) {
    if (body.empty()) {
        return {};  // e.g. the answer to a HEAD, which names the coding that a GET would have
    }
    while (!encoding.empty()) {  // the last one named was applied last
        const auto comma = encoding.rfind(',');
        std::string coding;
        for (const char c :
             comma == std::string_view::npos ? encoding : encoding.substr(comma + 1)) {
            if (c != ' ' && c != '\t') {
                coding += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            }
        }
        encoding = encoding.substr(0, comma == std::string_view::npos ? 0 : comma);
        if (coding.empty() || coding == "identity") {
            continue;
        }
        if (Status decoded = decode_one(coding, body, limit); !decoded) {
            return decoded;
        }
    }
    return {};
}

}  // namespace plimsoll
