// Data files in the encodings that other programs write.
#include "scenario/data.hpp"
#include "tests/support/temp_folder.hpp"

#include <string>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

class DataText : public testing::Test {
protected:
    /// The second row's first field, or "- " and what is wrong, "| " and where.
    std::string second(const std::string& bytes, const std::string& encoding = {}) {
        folder_.write("d.csv", bytes);
        const std::string path = (folder_.path() / "d.csv").string();
        const auto source = DataSource::open_csv("d", path, DataPick::Sequential, encoding);
        if (!source) {
            std::string where = source.error().where;
            where = where.starts_with(path) ? where.substr(path.size()) : where;
            return "- " + source.error().what + " | " + where;
        }
        EXPECT_EQ((*source)->columns().front(), "name");
        std::string value;
        (*source)->append(1, 0, value);
        return value;
    }
    test::TempFolder folder_;
};

// "J\u00fcrgen" and "\u20ac" as the encodings' own tables have them.
TEST_F(DataText, IsReadInTheEncodingThatIsNamed) {
    EXPECT_EQ(second("name\nx\nJ\xc3\xbcrgen\n"), "J\xc3\xbcrgen");
    EXPECT_EQ(second("name\nx\nJ\xc3\xbcrgen\n", "utf-8"), "J\xc3\xbcrgen");
    EXPECT_EQ(second("name\nx\nJ\xfcrgen\n", "latin1"), "J\xc3\xbcrgen");
    EXPECT_EQ(second("name\nx\n\x80\n", "windows-1252"), "\xe2\x82\xac");
    EXPECT_EQ(second("name\nx\n\xa4\n", "ISO-8859-15"), "\xe2\x82\xac");
    const std::string utf16("n\0a\0m\0e\0\n\0x\0\n\0\xfc\0\n\0", 18);
    EXPECT_EQ(second(utf16, "utf-16le"), "\xc3\xbc");
    EXPECT_EQ(second("\xff\xfe" + utf16), "\xc3\xbc");
    EXPECT_EQ(second("\xff\xfe" + utf16, "utf-16"), "\xc3\xbc");
    EXPECT_EQ(second(std::string("\xfe\xff\0n\0a\0m\0e\0\n\0x\0\n\0\xfc\0\n", 20)), "\xc3\xbc");
}

TEST_F(DataText, LeavesAByteOrderMarkOut) {
    EXPECT_EQ(second("\xEF\xBB\xBFname\nx\ny\n"), "y");
    EXPECT_EQ(second("\xEF\xBB\xBFname\nx\ny\n", "utf-8"), "y");
}

TEST_F(DataText, NamesTheLineAndColumnOfWhatItCannotRead) {
    EXPECT_EQ(second("name\nx\nJ\xfcrgen\n"), "- is not UTF-8: the byte 0xFC | :3:2");
    EXPECT_EQ(second("name\nx,\xff"), "- is not UTF-8: the byte 0xFF | :2:3");
    EXPECT_EQ(second("name\nx\n\xc0\x80\n"), "- is not UTF-8: the byte 0xC0 | :3:1");
    EXPECT_EQ(second("name\nx\n\x81\n", "windows-1252"),
              "- is not windows-1252: the byte 0x81 | :3:1");
    EXPECT_EQ(second("name\n", "no-such"),
              "- \"no-such\" is not an encoding that is known here | ");
    EXPECT_EQ(second("name\n", "utf-16//IGNORE"),
              "- \"utf-16//ignore\" is not an encoding that is known here | ");
}

TEST_F(DataText, OfJsonIsTheSame) {
    const auto first = [&](const std::string& bytes, const std::string& encoding) {
        folder_.write("d.json", bytes);
        const auto source = DataSource::open_json("d", (folder_.path() / "d.json").string(),
                                                  DataPick::Sequential, encoding);
        std::string value = source ? "" : "- " + source.error().what;
        if (source) {
            (*source)->append(0, 0, value);
        }
        return value;
    };
    EXPECT_EQ(first("\xEF\xBB\xBF[{\"a\": \"b\"}]", ""), "b");
    EXPECT_EQ(first("[{\"a\": \"\xfc\"}]", "latin1"), "\xc3\xbc");
    EXPECT_EQ(first("[{\"a\": \"\xfc\"}]", ""), "- is not UTF-8: the byte 0xFC");
    EXPECT_EQ(first("[{\"a\": 12345678901234567890.10}]", ""), "12345678901234567890.10");
}

}  // namespace
}  // namespace plimsoll
