// libFuzzer: any bytes as what a server answers.
#include "tests/support/response_trial.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const plimsoll::test::Trial trial =
        plimsoll::test::try_response({reinterpret_cast<const char*>(data), size});
    if (!trial.fault.empty()) {
        std::fprintf(stderr, "%s\n", trial.fault.c_str());
        std::abort();
    }
    return 0;
}
