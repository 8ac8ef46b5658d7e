#include "probes/postgres/table_scans.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

TEST(TableScans, AreWhatWasReadMeanwhileTheMostFirst) {
    const ScannedTables before{{"1", {"public.orders", 10, 1000}}, {"2", {"public.tags", 5, 50}}};
    const ScannedTables after{{"1", {"public.orders", 30, 401'000}},
                              {"2", {"public.tags", 5, 50}},
                              {"3", {"shop.events", 4, 800'000}}};
    EXPECT_EQ(table_scan_facts(before, after, 5), (Facts{{"scans.rows", "1200000"},
                                                         {"scan.1.table", "shop.events"},
                                                         {"scan.1.scans", "4"},
                                                         {"scan.1.rows", "800000"},
                                                         {"scan.1.rows_per_scan", "200000"},
                                                         {"scan.2.table", "public.orders"},
                                                         {"scan.2.scans", "20"},
                                                         {"scan.2.rows", "400000"},
                                                         {"scan.2.rows_per_scan", "20000"}}));
}

TEST(TableScans, CountFromZeroAfterAResetAndAreCutOffInNumberOnly) {
    const ScannedTables before{{"1", {"public.orders", 10, 1000}}};
    const ScannedTables after{{"1", {"public.orders", 2, 300}}, {"2", {"public.tags", 1, 7}}};
    EXPECT_EQ(table_scan_facts(before, after, 1), (Facts{{"scans.rows", "307"},
                                                         {"scan.1.table", "public.orders"},
                                                         {"scan.1.scans", "2"},
                                                         {"scan.1.rows", "300"},
                                                         {"scan.1.rows_per_scan", "150"}}));
}

TEST(TableScans, AreNoneWhereNothingWasScanned) {
    EXPECT_EQ(table_scan_facts({}, {}, 5), (Facts{{"scans.rows", "0"}}));
}

}  // namespace
}  // namespace plimsoll
