#include "engine/http1/content_decoder.hpp"

#include <algorithm>
#include <array>
#include <brotli/decode.h>
#include <cctype>
#include <utility>

#include <fmt/format.h>
#include <zlib.h>

namespace plimsoll {
namespace {

constexpr std::size_t kPiece = 16384;
constexpr std::size_t kMostCodings = 4;

Error too_large(std::uint64_t limit) {
    return Error{fmt::format("the decoded body is larger than {} bytes", limit), {}, {}};
}

Error damaged(std::string_view coding) {
    return Error{fmt::format("the {} body is damaged or incomplete", coding), {}, {}};
}

std::string_view chars(const std::uint8_t* bytes, std::size_t count) {
    return {reinterpret_cast<const char*>(bytes), count};  // NOLINT: bytes to chars
}

const std::uint8_t* bytes_of(std::string_view text) {
    return reinterpret_cast<const std::uint8_t*>(text.data());  // NOLINT: chars to bytes
}

}  // namespace

/// One coding. Input comes piece by piece; so does what it gives.
class ContentDecoder::Stage {
public:
    virtual ~Stage() = default;
    /// Takes some of `in` off its front and gives some of what it stands for; both may be nothing,
    /// not both for ever. `last`: nothing follows `in`. Valid until the next call.
    [[nodiscard]] virtual Result<std::string_view> run(std::string_view& in, bool last) = 0;
    /// The data is complete and all of it was given.
    [[nodiscard]] virtual bool ended() const = 0;

    /// It has taken all that it was given, and holds nothing back for want of room.
    [[nodiscard]] bool is_hungry() const { return waiting.empty() && !full; }

    std::string_view waiting;  // given by the stage before and not taken yet
    std::uint64_t given = 0;   // bytes, so far
    bool full = false;         // what it gave last had no room for more
};

namespace {

/// gzip and deflate.
class Inflate {
public:
    /// `window`: what zlib is told of the format.
    Inflate(const char* coding, int window) : coding_(coding), window_(window) {}
    ~Inflate() {
        if (ready_) {
            ::inflateEnd(&stream_);
        }
    }
    Inflate(const Inflate&) = delete;
    Inflate& operator=(const Inflate&) = delete;

    Result<std::string_view> run(std::string_view& in, bool last) {
        if (!ready_ && !prepare(in)) {
            return Error{"no memory to decode the body", {}, {}};
        }
        if (ended_ && in.empty()) {
            return std::string_view();
        }
        if (ended_ && ::inflateReset(&stream_) != Z_OK) {  // another gzip member follows
            return damaged(coding_);
        }
        const std::string_view piece = in.substr(0, kPiece);
        // zlib's interface is older than const.
        stream_.next_in = const_cast<Bytef*>(bytes_of(piece));  // NOLINT
        stream_.avail_in = static_cast<uInt>(piece.size());
        stream_.next_out = buffer_.data();
        stream_.avail_out = static_cast<uInt>(buffer_.size());
        const int result = ::inflate(&stream_, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
            return damaged(coding_);
        }
        in.remove_prefix(piece.size() - stream_.avail_in);
        ended_ = result == Z_STREAM_END;
        const std::size_t count = buffer_.size() - stream_.avail_out;
        if (!ended_ && last && in.empty() && stream_.avail_out != 0) {
            return damaged(coding_);
        }
        return chars(buffer_.data(), count);
    }
    [[nodiscard]] bool ended() const { return ended_; }

private:
    /// HTTP's deflate is zlib's format (RFC 9110, 8.4.1.2); some servers leave its two bytes of
    /// header out.
    bool prepare(std::string_view in) {
        constexpr int kZlib = 15;
        constexpr int kRaw = -15;
        const bool header =
            !in.empty() && (bytes_of(in)[0] & 0x0FU) == 8 &&
            (in.size() == 1 || (bytes_of(in)[0] * 256U + bytes_of(in)[1]) % 31U == 0);
        ready_ = ::inflateInit2(&stream_, window_ == kZlib && !header ? kRaw : window_) == Z_OK;
        return ready_;
    }

    const char* coding_;
    int window_;
    z_stream stream_{};
    bool ready_ = false;
    bool ended_ = false;
    std::array<std::uint8_t, kPiece> buffer_;
};

class Unbrotli {
public:
    Unbrotli() : state_(::BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {}
    ~Unbrotli() { ::BrotliDecoderDestroyInstance(state_); }
    Unbrotli(const Unbrotli&) = delete;
    Unbrotli& operator=(const Unbrotli&) = delete;

    Result<std::string_view> run(std::string_view& in, bool last) {
        if (state_ == nullptr) {
            return Error{"no memory to decode the body", {}, {}};
        }
        if (ended_) {
            return in.empty() ? Result<std::string_view>(std::string_view()) : damaged("br");
        }
        const std::string_view piece = in.substr(0, kPiece);
        std::size_t left = piece.size();
        const std::uint8_t* next = bytes_of(piece);
        std::size_t room = buffer_.size();
        std::uint8_t* to = buffer_.data();
        const auto result =
            ::BrotliDecoderDecompressStream(state_, &left, &next, &room, &to, nullptr);
        in.remove_prefix(piece.size() - left);
        const bool starved = result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT && last && in.empty();
        if (result == BROTLI_DECODER_RESULT_ERROR || starved) {
            return damaged("br");
        }
        ended_ = result == BROTLI_DECODER_RESULT_SUCCESS;
        return chars(buffer_.data(), buffer_.size() - room);
    }
    [[nodiscard]] bool ended() const { return ended_; }

private:
    BrotliDecoderState* state_;
    bool ended_ = false;
    std::array<std::uint8_t, kPiece> buffer_;
};

}  // namespace

/// A Stage from one of the above.
template <typename Coding>
class ContentDecoder::StageOf final : public Stage {
public:
    template <typename... Arguments>
    explicit StageOf(Arguments... arguments) : coding_(arguments...) {}
    Result<std::string_view> run(std::string_view& in, bool last) override {
        return coding_.run(in, last);
    }
    [[nodiscard]] bool ended() const override { return coding_.ended(); }

private:
    Coding coding_;
};

ContentDecoder::ContentDecoder(std::string body, std::uint64_t limit)
    : in_(std::make_unique<std::string>(std::move(body))), limit_(limit) {}
ContentDecoder::~ContentDecoder() = default;
ContentDecoder::ContentDecoder(ContentDecoder&&) noexcept = default;
ContentDecoder& ContentDecoder::operator=(ContentDecoder&&) noexcept = default;

Status ContentDecoder::add(std::string_view coding) {
    constexpr int kGzip = 15 + 16;
    constexpr int kZlib = 15;
    if (stages_.size() == kMostCodings) {
        return Error{
            fmt::format("the body has more than {} content codings", kMostCodings), {}, {}};
    }
    if (coding == "gzip" || coding == "x-gzip") {
        stages_.push_back(std::make_unique<StageOf<Inflate>>("gzip", kGzip));
    } else if (coding == "deflate") {
        stages_.push_back(std::make_unique<StageOf<Inflate>>("deflate", kZlib));
    } else if (coding == "br") {
        stages_.push_back(std::make_unique<StageOf<Unbrotli>>());
    } else {
        return Error{
            fmt::format("content coding \"{}\" is not known", coding.substr(0, 40)), {}, {}};
    }
    return {};
}

Result<ContentDecoder> ContentDecoder::begin(std::string_view encoding, std::string body,
                                             std::uint64_t limit) {
    ContentDecoder decoder(std::move(body), limit);
    if (decoder.in_->empty()) {
        return decoder;  // e.g. the answer to a HEAD, which names the coding that a GET would have
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
        if (Status added = decoder.add(coding); !added) {
            return added.error();
        }
    }
    if (!decoder.stages_.empty()) {
        decoder.stages_.front()->waiting = *decoder.in_;
    }
    return decoder;
}

/// The last stage that has something to work on does so once: what is decoded already goes on
/// before more is.
Result<bool> ContentDecoder::step() {
    const auto finished = [this](std::size_t stage) {
        return std::all_of(stages_.begin(),
                           stages_.begin() + static_cast<std::ptrdiff_t>(stage) + 1,
                           [](const auto& each) { return each->is_hungry() && each->ended(); });
    };
    std::size_t at = stages_.size() - 1;
    while (at > 0 && stages_[at]->is_hungry() && !finished(at - 1)) {
        --at;
    }
    if (finished(stages_.size() - 1)) {
        return true;
    }
    Stage& stage = *stages_[at];
    const auto piece = stage.run(stage.waiting, at == 0 || finished(at - 1));
    if (!piece) {
        return piece.error();
    }
    stage.full = piece->size() == kPiece;
    stage.given += piece->size();
    if (stage.given > limit_) {
        return too_large(limit_);
    }
    if (at + 1 == stages_.size()) {
        out_.append(*piece);
    } else {
        stages_[at + 1]->waiting = *piece;
    }
    return false;
}

Result<bool> ContentDecoder::decode(Clock::time_point until) {
    if (stages_.empty()) {
        out_ = std::move(*in_);
        return true;
    }
    for (;;) {
        auto done = step();
        if (!done || *done || Clock::now() >= until) {
            return done;
        }
    }
}

Status decode_content(std::string_view encoding, std::string& body, std::uint64_t limit) {
    auto decoder = ContentDecoder::begin(encoding, body, limit);  // it stays where this fails
    if (!decoder) {
        return decoder.error();
    }
    const auto done = decoder->decode(Clock::time_point::max());
    if (!done) {
        return done.error();
    }
    body = decoder->take();
    return {};
}

}  // namespace plimsoll
