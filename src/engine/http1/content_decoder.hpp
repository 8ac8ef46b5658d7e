// Compressed response bodies: gzip, deflate, brotli.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll {

/// Most that a body is decoded to where the scenario sets no max_body: a small body can stand for a
/// huge one.
inline constexpr std::uint64_t kMostDecoded = std::uint64_t{32} << 20U;

/// Decodes one body, some of it at a time. Where several codings were applied, what one gives is
/// the next one's input piece by piece: nothing but the body itself and the result is ever held
/// whole. Threading: one thread.
class ContentDecoder {
public:
    /// By a Content-Encoding of one or several codings, in the order in which they were applied;
    /// `identity` and an empty one leave the body as it is. Error: an unknown coding, or more than
    /// four.
    [[nodiscard]] static Result<ContentDecoder> begin(std::string_view encoding, std::string body,
                                                      std::uint64_t limit);
    ~ContentDecoder();
    ContentDecoder(ContentDecoder&&) noexcept;
    ContentDecoder& operator=(ContentDecoder&&) noexcept;

    /// Decodes until all is done (true), or, where more is left, until `until` has passed; it looks
    /// at the time after each 16 KiB. Error: damaged or incomplete data, or more than `limit` bytes
    /// out of any of the codings; never more than about `limit` bytes are held.
    [[nodiscard]] Result<bool> decode(Clock::time_point until);
    /// The decoded body, once.
    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    class Stage;
    template <typename Coding>
    class StageOf;
    ContentDecoder(std::string body, std::uint64_t limit);
    [[nodiscard]] Status add(std::string_view coding);
    [[nodiscard]] Result<bool> step();
    std::vector<std::unique_ptr<Stage>> stages_;  // the first reads `in_`
    std::unique_ptr<std::string> in_;             // a view of it must survive a move
    std::string out_;
    std::uint64_t limit_;
};

/// The whole of `body` at once, however long that takes.
[[nodiscard]] Status decode_content(std::string_view encoding, std::string& body,
                                    std::uint64_t limit);

}  // namespace plimsoll
