#include "report/renderers.hpp"
#include "support/report/sample.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::report {
namespace {

std::string file(const sample::Sample& sample, const std::string& suffix) {
    for (const auto& [name, content] : csv_files(sample.info, sample.data, sample.analysis)) {
        if (name == suffix) {
            return content;
        }
    }
    ADD_FAILURE() << "no " << suffix;
    return {};
}

TEST(LocustCsv, HasExactlyLocustsHeaders) {
    const auto sample = sample::held();
    const auto head = [&](const char* suffix) {
        const auto text = file(sample, suffix);
        return text.substr(0, text.find("\r\n"));
    };
    EXPECT_EQ(
        head("_stats.csv"),
        "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min "
        "Response Time,Max Response Time,Average Content "
        "Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%");
    EXPECT_EQ(head("_stats_history.csv"),
              "Timestamp,User Count,Type,Name,Requests/s,Failures/"
              "s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%,Total Request Count,Total "
              "Failure Count,Total Median Response Time,Total Average Response Time,Total Min "
              "Response Time,Total Max Response Time,Total Average Content Size");
    EXPECT_EQ(head("_failures.csv"), "Method,Name,Error,Occurrences,First Seen,Last Seen");
    EXPECT_EQ(file(sample, "_exceptions.csv"), "Count,Message,Traceback,Nodes\r\n");
}

TEST(LocustCsv, SaysNotApplicableWhereNothingCompleted) {
    const auto sample = sample::held();
    EXPECT_THAT(file(sample, "_stats.csv"),
                testing::HasSubstr("POST,[WORKFLOW] Create deployment,0,0,0,0,0,0,0,0,0,N/A,N/A,N/"
                                   "A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A\r\n"));
    // The fifth second was idle; totals go on. 2026-01-31T12:00:00Z is 1,769,860,800.
    EXPECT_THAT(file(sample, "_stats_history.csv"),
                testing::HasSubstr("1769860805,2,,Aggregated,0.000000,0.000000,N/A,"));
}

TEST(LocustCsv, AccountsForEveryFailureKeptOrNot) {
    const auto sample = sample::broken_pool();
    const auto text = file(sample, "_failures.csv");
    EXPECT_THAT(text, testing::HasSubstr("GET,/v1/deployments?status= [FILTER],http_5xx,10,"));
    EXPECT_THAT(text,
                testing::HasSubstr(
                    "\"http_5xx 503: {\"\"error\"\":\"\"no database connection within 2s\"\"}\","));
}

TEST(LocustCsv, JoinsUserClassesThatShareANameAndMethod) {
    auto sample = sample::broken_pool();
    for (std::size_t i = 0; i < 2; ++i) {
        sample.info.endpoints[i].name = sample.analysis.endpoints[i].name = "/";
        sample.info.endpoints[i].method = sample.analysis.endpoints[i].method = "GET";
    }
    const auto text = file(sample, "_stats.csv");
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);  // header, one row, Aggregated
    EXPECT_THAT(text, testing::HasSubstr("\r\nGET,/,15749,"));
    EXPECT_THAT(text, testing::HasSubstr("\r\n,Aggregated,15749,"));
}

}  // namespace
}  // namespace plimsoll::report
