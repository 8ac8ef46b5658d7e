#include "run/memory_reserve.hpp"

#include <atomic>
#include <cstdlib>
#include <exception>
#include <new>
#include <string_view>
#include <unistd.h>

namespace plimsoll {
namespace {

constexpr std::size_t kReserve_bytes = std::size_t{32} << 20U;

// The handler can reach nothing but globals.
std::atomic<void*> g_reserve{nullptr};
std::atomic<bool> g_spent{false};
std::atomic<int> g_exit_status{1};

void on_no_memory() {
    if (void* const reserve = g_reserve.exchange(nullptr)) {
        g_spent = true;
        std::free(reserve);  // NOLINT: not operator delete, whose pair would come here again
        return;
    }
    throw std::bad_alloc();
}

/// No thread has a caller who could go on, and an abort would leave a core file in place of a word.
[[noreturn]] void on_terminate() {
    std::string_view text = "plimsoll: internal error: an exception that nobody took\n";
    try {
        if (const auto current = std::current_exception()) {
            std::rethrow_exception(current);
        }
    } catch (const std::bad_alloc&) {
        text =
            "plimsoll: no memory is left; the run file is whole up to the last tick "
            "(plimsoll report)\n";
    } catch (...) {  // NOLINT: the text above says it
    }
    static_cast<void>(::write(STDERR_FILENO, text.data(), text.size()) > 0);
    ::_exit(g_exit_status);
}

}  // namespace

void install_memory_reserve(int exit_status) {
    g_exit_status = exit_status;
    g_reserve = std::malloc(kReserve_bytes);  // NOLINT: see on_no_memory
    std::set_new_handler(on_no_memory);
    std::set_terminate(on_terminate);
}

bool memory_reserve_spent() noexcept {
    return g_spent;
}

}  // namespace plimsoll
