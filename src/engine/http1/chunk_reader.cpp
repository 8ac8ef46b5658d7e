#include "engine/http1/chunk_reader.hpp"

#include <algorithm>

namespace plimsoll {
namespace {

constexpr std::uint32_t kLongestLine = 64 * 1024;

int digit_of(char c) noexcept {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

}  // namespace

ChunkReader::Step ChunkReader::next(std::string_view bytes) noexcept {
    for (std::size_t used = 0; used < bytes.size();) {
        if (at_ == At::Data) {
            const auto size =
                static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - used));
            left_ -= size;
            line_ = 0;
            at_ = left_ == 0 ? At::DataEnd : At::Data;
            return {State::Data, used + size, bytes.substr(used, size)};
        }
        const State state = ++line_ > kLongestLine ? State::LineTooLong : take(bytes[used]);
        ++used;
        if (state != State::More) {
            return {state, used, {}};
        }
    }
    return {State::More, bytes.size(), {}};
}

void ChunkReader::end_size_line() noexcept {
    at_ = left_ == 0 ? At::Trailer : At::Data;
    empty_ = true;
}

ChunkReader::State ChunkReader::take_size(char c) noexcept {
    constexpr unsigned kTopDigit = 60;  // bits below it
    const int digit = digit_of(c);
    if (at_ == At::Size && digit >= 0) {
        if (left_ >> kTopDigit != 0) {
            return State::BadChunk;
        }
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        empty_ = false;
        return State::More;
    }
    if (empty_) {
        return State::BadChunk;
    }
    switch (c) {
        case ' ':
        case '\t':
            at_ = At::Blank;
            return State::More;
        case ';':
            at_ = At::Extension;
            return State::More;
        case '\r':
            at_ = At::SizeLf;
            return State::More;
        case '\n':
            end_size_line();
            return State::More;
        default:
            return State::BadChunk;
    }
}

ChunkReader::State ChunkReader::take_trailer(char c) noexcept {
    if (c == '\n') {
        if (empty_) {
            return State::Done;
        }
        empty_ = true;
    } else if (c != '\r') {
        empty_ = false;
    }
    return State::More;
}

ChunkReader::State ChunkReader::take(char c) noexcept {
    switch (at_) {
        case At::Size:
        case At::Blank:
            return take_size(c);
        case At::Extension:
            if (c == '\n') {
                end_size_line();
            }
            return State::More;
        case At::SizeLf:
            if (c != '\n') {
                return State::BadChunk;
            }
            end_size_line();
            return State::More;
        case At::DataEnd:
            at_ = c == '\r' ? At::DataLf : At::Size;
            return c == '\r' || c == '\n' ? State::More : State::BadChunk;
        case At::DataLf:
            at_ = At::Size;
            return c == '\n' ? State::More : State::BadChunk;
        case At::Trailer:
            return take_trailer(c);
        case At::Data:
            break;  // never: taken whole
    }
    return State::More;
}

}  // namespace plimsoll
