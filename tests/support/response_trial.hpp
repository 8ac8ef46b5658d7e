// One response, read in many ways that must agree. What the fuzzer and the test that damages its
// corpus share.
#pragma once

#include "base/random.hpp"
#include "engine/http1/response_parser.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace plimsoll::test {

/// Largest body that a trial takes, on the wire and decoded, in bytes.
inline constexpr std::uint64_t kTrialMaxBody = 64 * 1024;

/// What one reading came to, the connection's end included.
struct Reading {
    /// Broken: it is no HTTP. CutShort: the connection ended too soon.
    enum class End : std::uint8_t { Whole, Broken, CutShort };
    End end = End::CutShort;
    // The rest only where it is Whole.
    std::uint16_t status = 0;
    bool keep_alive = false;
    std::size_t consumed = 0;  // what is left belongs to no response
    std::uint64_t body_bytes = 0;
    std::string error_body;
    KeptResponse kept;

    /// Whether they may be two readings of the same bytes. Of bytes that are broken and cut short
    /// the cuts may decide which is seen first; whether they are Whole, nothing but the bytes.
    [[nodiscard]] bool agrees_with(const Reading& other) const;
};

/// Reads `bytes` as a connection would: in pieces of sizes that `next_size` gives (at least 1),
/// what was not consumed offered again, then the end. Adds to `fault` where the parser breaks its
/// contract.
[[nodiscard]] Reading read_in_pieces(std::string_view bytes, const ResponseKeep& keep,
                                     const std::function<std::size_t()>& next_size,
                                     std::string& fault);

struct Trial {
    Reading got;        // as the response to a GET
    std::string fault;  // empty where everything held
};
/// Takes `bytes` for the response to a GET and to a HEAD, each read whole, byte by byte and cut at
/// places drawn from the bytes themselves. What came of it goes through what the engine does with
/// it: content decoder, cookie jar, redirect, captures.
[[nodiscard]] Trial try_response(std::string_view bytes);

/// The fuzzer's corpus: content by file name. The name's first word says what it is: whole,
/// surplus (whole, and bytes behind it), coded (whole, and cannot be decoded), cut or broken.
[[nodiscard]] std::map<std::string, std::string> response_corpus(
    const std::filesystem::path& folder);
/// One small change somewhere in `bytes`; it may take a piece of `other`.
void damage_response(std::string& bytes, std::string_view other, Random& random);

}  // namespace plimsoll::test
