#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "tests/config/support.hpp"

namespace parley::config {
namespace {

// A file that is gone at the end of its test.
class temporary_file {
public:
  explicit temporary_file(const std::string& content) {
    auto pattern =
      (std::filesystem::temp_directory_path() / "parley-config-XXXXXX")
        .string();
    auto fd = ::mkstemp(pattern.data());
    EXPECT_GE(fd, 0);
    ::close(fd);
    path_ = pattern;
    std::ofstream{path_, std::ios::binary} << content;
  }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  ~temporary_file() {
    std::filesystem::remove(path_);
  }

  [[nodiscard]] const std::string& path() const {
    return path_;
  }

private:
  std::string path_;
};

TEST(reading_a_file, gives_its_bytes) {
  std::string content{"a\0b\r\n", 5};
  temporary_file file{content};
  EXPECT_EQ(read_text_file(file.path()), content);
}

TEST(reading_a_file, gives_the_systems_reason_when_it_cannot) {
  EXPECT_EQ(read_text_file("/no/such/file").error(),
            "No such file or directory");
  EXPECT_EQ(read_text_file("/").error(), "Is a directory");
}

TEST(reading_a_file, stops_at_1_mib) {
  std::string content(1024 * 1024, 'x');
  temporary_file file{content};
  EXPECT_EQ(read_text_file(file.path()), content);
  EXPECT_EQ(read_text_file("/dev/zero").error(), "is larger than 1 MiB");
}

TEST(the_process, gives_its_arguments_and_its_parley_variables) {
  ::setenv("PARLEY_DATA_DIR", "a=b", 1);
  const char* argv[] = {"parley", "--log.level=debug", "", nullptr};
  auto input = input_of_process(3, argv);
  ::unsetenv("PARLEY_DATA_DIR");
  EXPECT_EQ(input.arguments,
            (std::vector<std::string>{"--log.level=debug", ""}));
  EXPECT_EQ(input.environment["PARLEY_DATA_DIR"], "a=b");
  for (const auto& [name, value] : input.environment)
    EXPECT_TRUE(name.starts_with("PARLEY_")) << name;
}

TEST(the_process, loads_from_real_files) {
  temporary_file file{"[log]\nlevel = \"warn\"\n"};
  auto argument = "--config-file=" + file.path();
  const char* argv[] = {"parley", argument.c_str(), nullptr};
  auto input = input_of_process(2, argv);
  input.environment.clear();
  auto result = load(input);
  ASSERT_TRUE(std::holds_alternative<loaded>(result));
  EXPECT_EQ(std::get<loaded>(result).values.log.level, log_level::warn);
}

} // namespace
} // namespace parley::config
