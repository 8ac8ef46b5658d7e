#include "app/segment_choice.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using Variables = std::map<std::string, std::string>;

Result<SegmentChoice> choose(std::string_view flag, const Variables& set = {}) {
    return choose_segment(flag, [&](const char* name) -> const char* {
        const auto found = set.find(name);
        return found == set.end() ? nullptr : found->second.c_str();
    });
}

std::string fault(std::string_view flag, const Variables& set = {}) {
    const auto chosen = choose(flag, set);
    return chosen ? "none: part " + std::to_string(chosen->segment.number)
                  : chosen.error().to_string();
}

void expect_part(const Result<SegmentChoice>& chosen, std::uint32_t number, std::uint32_t count,
                 const std::string& source) {
    ASSERT_TRUE(chosen.ok()) << chosen.error().to_string();
    EXPECT_EQ(chosen->segment.number, number);
    EXPECT_EQ(chosen->segment.count, count);
    EXPECT_EQ(chosen->source, source);
}

TEST(SegmentChoice, IsWhatTheFlagSaysWhateverTheEnvironmentSays) {
    expect_part(choose("2/8", {{"JOB_COMPLETION_INDEX", "5"}, {"PLIMSOLL_SEGMENTS", "6"}}), 2, 8,
                "");
    expect_part(choose("1/1"), 1, 1, "");
}

TEST(SegmentChoice, RefusesWhatIsNoPartWithTheTextAndTheForm) {
    for (const char* text :
         {"", "0/4", "5/4", "1/0", "1", "/", "1/", "/4", "-1/4", "+1/4", "1/4 ", " 1/4", "1/4/4",
          "a/b", "1.0/4", "4294967297/4294967298", "Auto", "auto "}) {
        EXPECT_THAT(fault(text),
                    AllOf(HasSubstr("--segment: must be i/n with i from 1 to n, or auto"),
                          HasSubstr('"' + std::string(text) + '"')));
    }
}

TEST(SegmentChoice, CountsFromOneWhatKubernetesCountsFromZero) {
    expect_part(choose("auto", {{"JOB_COMPLETION_INDEX", "0"}, {"PLIMSOLL_SEGMENTS", "8"}}), 1, 8,
                "JOB_COMPLETION_INDEX=0 and PLIMSOLL_SEGMENTS=8");
    expect_part(choose("auto", {{"JOB_COMPLETION_INDEX", "7"}, {"PLIMSOLL_SEGMENTS", "8"}}), 8, 8,
                "JOB_COMPLETION_INDEX=7 and PLIMSOLL_SEGMENTS=8");
}

TEST(SegmentChoice, CountsFromOneWhatSlurmCountsFromZero) {
    expect_part(
        choose("auto",
               {{"SLURM_PROCID", "3"}, {"SLURM_NTASKS", "4"}, {"SLURM_STEP_NUM_TASKS", "4"}}),
        4, 4, "SLURM_PROCID=3 and SLURM_NTASKS=4");
}

TEST(SegmentChoice, NamesTheMissingHalf) {
    EXPECT_THAT(fault("auto", {{"JOB_COMPLETION_INDEX", "1"}}),
                HasSubstr("--segment auto: JOB_COMPLETION_INDEX is set and PLIMSOLL_SEGMENTS is "
                          "not, which says how many"));
    EXPECT_THAT(fault("auto", {{"PLIMSOLL_SEGMENTS", "8"}}),
                HasSubstr("PLIMSOLL_SEGMENTS is set and JOB_COMPLETION_INDEX is not, which says "
                          "which part this is"));
    EXPECT_THAT(fault("auto", {{"SLURM_PROCID", "1"}}),
                HasSubstr("SLURM_PROCID is set and SLURM_NTASKS is not"));
    EXPECT_THAT(fault("auto", {{"SLURM_NTASKS", "8"}}),
                HasSubstr("SLURM_NTASKS is set and SLURM_PROCID is not"));
    EXPECT_THAT(fault("auto"),
                AllOf(HasSubstr("nothing says which part this is"), HasSubstr("--segment i/n")));
}

TEST(SegmentChoice, NamesTheHalfOfOneBesideTheWholeOfTheOther) {
    const Variables slurm{
        {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "2"}, {"SLURM_STEP_NUM_TASKS", "2"}};
    Variables both = slurm;
    both["JOB_COMPLETION_INDEX"] = "0";
    EXPECT_THAT(fault("auto", both),
                HasSubstr("JOB_COMPLETION_INDEX is set and PLIMSOLL_SEGMENTS is not"));
    EXPECT_THAT(
        fault("auto",
              {{"JOB_COMPLETION_INDEX", "0"}, {"PLIMSOLL_SEGMENTS", "2"}, {"SLURM_PROCID", "0"}}),
        HasSubstr("SLURM_PROCID is set and SLURM_NTASKS is not"));
}

TEST(SegmentChoice, SaysWhichVariableIsNoNumber) {
    for (const char* value : {"", "-1", "+1", "1x", "x", " 1", "1 ", "1.0", "4294967296"}) {
        const std::string quoted = '"' + std::string(value) + '"';
        EXPECT_THAT(fault("auto", {{"JOB_COMPLETION_INDEX", value}, {"PLIMSOLL_SEGMENTS", "8"}}),
                    AllOf(HasSubstr("JOB_COMPLETION_INDEX must be a number from 0 on, got"),
                          HasSubstr(quoted)));
        EXPECT_THAT(
            fault("auto", {{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", value}}),
            AllOf(HasSubstr("SLURM_NTASKS must be a number from 1 on, got"), HasSubstr(quoted)));
    }
    EXPECT_THAT(fault("auto", {{"JOB_COMPLETION_INDEX", "0"}, {"PLIMSOLL_SEGMENTS", "0"}}),
                HasSubstr("PLIMSOLL_SEGMENTS must be a number from 1 on, got \"0\""));
}

TEST(SegmentChoice, RefusesAnIndexBeyondTheCount) {
    EXPECT_THAT(fault("auto", {{"JOB_COMPLETION_INDEX", "8"}, {"PLIMSOLL_SEGMENTS", "8"}}),
                HasSubstr("JOB_COMPLETION_INDEX=8 and PLIMSOLL_SEGMENTS=8 contradict each other"));
    EXPECT_THAT(fault("auto", {{"SLURM_PROCID", "9"}, {"SLURM_NTASKS", "8"}}),
                HasSubstr("SLURM_PROCID=9 and SLURM_NTASKS=8 contradict each other"));
}

TEST(SegmentChoice, TakesBothOnlyWhereTheyAgree) {
    Variables set{{"JOB_COMPLETION_INDEX", "1"},
                  {"PLIMSOLL_SEGMENTS", "4"},
                  {"SLURM_PROCID", "1"},
                  {"SLURM_NTASKS", "4"},
                  {"SLURM_STEP_NUM_TASKS", "4"}};
    expect_part(choose("auto", set), 2, 4, "JOB_COMPLETION_INDEX=1 and PLIMSOLL_SEGMENTS=4");
    set["SLURM_PROCID"] = "2";
    EXPECT_THAT(fault("auto", set),
                HasSubstr("say part 2 of 4, SLURM_PROCID=2 and SLURM_NTASKS=4 say part 3 of 4"));
    set.erase("JOB_COMPLETION_INDEX");
    expect_part(choose("auto", set), 3, 4, "SLURM_PROCID=2 and SLURM_NTASKS=4");
    set["PLIMSOLL_SEGMENTS"] = "8";
    EXPECT_THAT(fault("auto", set),
                HasSubstr("PLIMSOLL_SEGMENTS=8 and SLURM_NTASKS=4 contradict each other"));
}

TEST(SegmentChoice, TakesABatchScriptForNoTask) {
    EXPECT_THAT(
        fault("auto", {{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}}),
        AllOf(HasSubstr("the batch script itself, not one of its 4 tasks"), HasSubstr("srun")));
    expect_part(choose("auto", {{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}}), 1, 1,
                "SLURM_PROCID=0 and SLURM_NTASKS=1");
    EXPECT_THAT(
        fault("auto",
              {{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}, {"SLURM_STEP_NUM_TASKS", "4"}}),
        HasSubstr("SLURM_NTASKS=8 and SLURM_STEP_NUM_TASKS=4 contradict each other"));
}

}  // namespace
}  // namespace plimsoll
