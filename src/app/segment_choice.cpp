#include "app/segment_choice.hpp"

#include <charconv>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr const char* kFlag = "--segment";
constexpr const char* kAuto = "--segment auto";

/// Two variables that only together say which part this is.
struct Pair {
    const char* index;  // from 0
    const char* count;
    const char* who_sets_them;
};
constexpr Pair kKubernetes{"JOB_COMPLETION_INDEX", "PLIMSOLL_SEGMENTS",
                           "Kubernetes sets JOB_COMPLETION_INDEX in the pods of a Job with "
                           "completionMode: Indexed; PLIMSOLL_SEGMENTS is for the manifest to set, "
                           "to the Job's completions"};
constexpr Pair kSlurm{"SLURM_PROCID", "SLURM_NTASKS",
                      "srun sets both, in each of its tasks: srun --ntasks 8 plimsoll run ... "
                      "--segment auto"};

std::optional<std::uint32_t> whole_number(std::string_view text) {
    std::uint32_t value = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    return !text.empty() && read.ec == std::errc{} && read.ptr == end ? std::optional(value)
                                                                      : std::nullopt;
}

Result<SegmentChoice> said_outright(std::string_view text) {
    const auto slash = text.find('/');
    const auto number = whole_number(text.substr(0, slash));
    const auto count =
        slash == std::string_view::npos ? std::nullopt : whole_number(text.substr(slash + 1));
    if (!number || !count || *number < 1 || *number > *count) {
        return Error{
            fmt::format("must be i/n with i from 1 to n, or auto, got \"{}\"", text), kFlag,
            "e.g. --segment 2/8 runs the second of eight parts; auto asks Kubernetes or Slurm"};
    }
    return SegmentChoice{{*number, *count}, {}};
}

Error malformed(const char* name, std::string_view value, const char* what, const Pair& pair) {
    return {fmt::format("{} must be {}, got \"{}\"", name, what, value), kAuto, pair.who_sets_them};
}

/// Of one pair, as far as it is there. Nothing: neither of both is set.
class PairOfVariables {
public:
    PairOfVariables(const Pair& pair, const EnvironmentLookup& environment)
        : pair_(pair), index_(environment(pair.index)), count_(environment(pair.count)) {}

    [[nodiscard]] const char* index() const { return index_; }
    [[nodiscard]] const char* count() const { return count_; }
    [[nodiscard]] bool whole() const { return index_ != nullptr && count_ != nullptr; }

    [[nodiscard]] Error half() const {
        const bool has_index = index_ != nullptr;
        return {fmt::format("{} is set and {} is not, which says {}",
                            has_index ? pair_.index : pair_.count,
                            has_index ? pair_.count : pair_.index,
                            has_index ? "how many parts there are" : "which part this is"),
                kAuto, pair_.who_sets_them};
    }
    [[nodiscard]] Result<SegmentChoice> read() const {
        const auto index = whole_number(index_);
        const auto count = whole_number(count_);
        if (!index) {
            return malformed(pair_.index, index_, "a number from 0 on", pair_);
        }
        if (!count || *count == 0) {
            return malformed(pair_.count, count_, "a number from 1 on", pair_);
        }
        const std::string source =
            fmt::format("{}={} and {}={}", pair_.index, *index, pair_.count, *count);
        if (*index >= *count) {
            return Error{fmt::format("{} contradict each other: the first counts from 0, so it "
                                     "must be below the second",
                                     source),
                         kAuto, pair_.who_sets_them};
        }
        return SegmentChoice{{*index + 1, *count}, source};
    }

private:
    const Pair& pair_;
    const char* index_;
    const char* count_;
};

/// A batch script is its job's process 0, too, though it is none of the tasks: it would run the
/// first part and nobody the others. And a step may have fewer tasks than its job.
Status check_slurm_step(const Segment& segment, const EnvironmentLookup& environment) {
    const char* const step = environment("SLURM_STEP_NUM_TASKS");
    if (step == nullptr) {
        if (segment.count == 1 || environment("SLURM_STEP_ID") != nullptr) {
            return {};
        }
        return Error{fmt::format("this is the batch script itself, not one of its {} tasks "
                                 "(SLURM_STEP_NUM_TASKS is not set)",
                                 segment.count),
                     kAuto, "start it with srun: srun plimsoll run ... --segment auto"};
    }
    const auto tasks = whole_number(step);
    if (!tasks || *tasks != segment.count) {
        return Error{fmt::format("SLURM_NTASKS={} and SLURM_STEP_NUM_TASKS={} contradict each "
                                 "other: nobody would run the other parts",
                                 segment.count, step),
                     kAuto, "give srun the number of tasks itself: srun --ntasks 8 plimsoll ..."};
    }
    return {};
}

Result<SegmentChoice> from_both(const SegmentChoice& kubernetes, const SegmentChoice& slurm) {
    if (kubernetes.segment.number != slurm.segment.number ||
        kubernetes.segment.count != slurm.segment.count) {
        return Error{fmt::format("{} say part {} of {}, {} say part {} of {}", kubernetes.source,
                                 kubernetes.segment.number, kubernetes.segment.count, slurm.source,
                                 slurm.segment.number, slurm.segment.count),
                     kAuto, "unset those that are not meant, or write --segment i/n"};
    }
    return kubernetes;
}

}  // namespace

Result<SegmentChoice> choose_segment(std::string_view flag, const EnvironmentLookup& environment) {
    if (flag != "auto") {
        return said_outright(flag);
    }
    const PairOfVariables kubernetes(kKubernetes, environment);
    const PairOfVariables slurm(kSlurm, environment);
    if (!kubernetes.whole() && !slurm.whole()) {
        // An index tells who started us; a count alone may stand in anybody's environment.
        for (const PairOfVariables* const each : {&kubernetes, &slurm}) {
            if (each->index() != nullptr) {
                return each->half();
            }
        }
        for (const PairOfVariables* const each : {&kubernetes, &slurm}) {
            if (each->count() != nullptr) {
                return each->half();
            }
        }
        return Error{
            "nothing says which part this is: neither JOB_COMPLETION_INDEX and "
            "PLIMSOLL_SEGMENTS (Kubernetes) nor SLURM_PROCID and SLURM_NTASKS (Slurm) are "
            "set",
            kAuto, "write --segment i/n where something else starts the parts"};
    }
    if (!slurm.whole()) {
        return slurm.index() != nullptr ? Result<SegmentChoice>(slurm.half()) : kubernetes.read();
    }
    auto by_slurm = slurm.read();
    if (!by_slurm) {
        return by_slurm;
    }
    if (const Status step = check_slurm_step(by_slurm.value().segment, environment); !step) {
        return step.error();
    }
    if (kubernetes.index() == nullptr) {
        const char* const said = kubernetes.count();
        if (said != nullptr && whole_number(said) != by_slurm.value().segment.count) {
            return Error{fmt::format("PLIMSOLL_SEGMENTS={} and SLURM_NTASKS={} contradict each "
                                     "other",
                                     said, by_slurm.value().segment.count),
                         kAuto, "unset PLIMSOLL_SEGMENTS, or give srun as many tasks"};
        }
        return by_slurm;
    }
    if (!kubernetes.whole()) {
        return kubernetes.half();
    }
    auto by_kubernetes = kubernetes.read();
    return by_kubernetes ? from_both(*by_kubernetes, *by_slurm) : by_kubernetes;
}

}  // namespace plimsoll
