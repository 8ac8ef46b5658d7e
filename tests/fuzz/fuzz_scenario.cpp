// libFuzzer: any bytes as a scenario file.
#include "scenario/parse.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const plimsoll::ParseOutcome outcome = plimsoll::parse_scenario(text, {});
    if (outcome.scenario.has_value() != outcome.faults.empty()) {
        std::abort();
    }
    return 0;
}
