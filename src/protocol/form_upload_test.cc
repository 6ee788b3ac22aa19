// SPDX-License-Identifier: MIT
#include "protocol/form_upload.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "support/run.h"
#include "support/scripted_source.h"

namespace sluice::protocol {
namespace {

using testing::ScriptedSource;

// Gives `step` bytes at most to each read, as a slow network does.
class SlowSource final : public runtime::ByteSource {
 public:
  SlowSource(std::string bytes, std::size_t step, ScriptedSource::Ending ending)
      : source_(std::move(bytes), ending), step_(step) {}

  runtime::Task<Result<>> wait_readable() override { return source_.wait_readable(); }
  runtime::Task<Result<std::size_t>> read(MutableBytes buffer, Duration patience) override {
    return source_.read(buffer.first(std::min(step_, buffer.size())), patience);
  }
  std::unique_ptr<runtime::Loan> lend() override {
    return std::make_unique<Lent>(source_.lend(), step_);
  }
  std::optional<std::uint64_t> remaining() const override { return source_.remaining(); }
  void cancel(Errc reason) override { source_.cancel(reason); }

 private:
  class Lent final : public runtime::Loan {
   public:
    Lent(std::unique_ptr<runtime::Loan> source, std::size_t step)
        : source_(std::move(source)), step_(step) {}
    std::size_t read(MutableBytes buffer, Duration patience) override {
      return source_->read(buffer.first(std::min(step_, buffer.size())), patience);
    }

   private:
    const std::unique_ptr<runtime::Loan> source_;
    const std::size_t step_;
  };

  ScriptedSource source_;
  std::size_t step_;
};

// The file up to its end or its error, and the error behind it. It is read as by the data path:
// once a buffer was read, a thread that may block goes on while bytes come.
runtime::Task<std::string> read_file(runtime::ByteSource& file, std::size_t buffer_size) {
  std::string text;
  std::vector<std::byte> buffer(buffer_size);
  for (;;) {
    const Result<> readable = co_await file.wait_readable();
    if (!readable) {
      co_return text + "!" + info(readable.error().code()).name;
    }
    const Result<std::size_t> count = co_await file.read(buffer, Duration(1));
    if (!count) {
      co_return text + "!" + info(count.error().code()).name;
    }
    if (*count == 0) {
      co_return text;
    }
    std::size_t filled = *count;
    const std::unique_ptr<runtime::Loan> loan = file.lend();
    while (filled > 0) {
      text += as_text(Bytes(buffer).first(filled));
      filled = loan->read(buffer, Duration(1));
    }
  }
}

std::string file_of(const std::string& form, std::size_t step, std::size_t buffer_size,
                    ScriptedSource::Ending ending = ScriptedSource::Ending::end) {
  SlowSource body(form, step, ending);
  MultipartFileSource file(body, "xx");
  return testing::run(read_file(file, buffer_size));
}

std::string part(const std::string& parameters, const std::string& content) {
  return "--xx\r\nContent-Disposition: form-data; " + parameters + "\r\n\r\n" + content + "\r\n";
}

const std::string tricky = "a\r\n--x\r\n--x-\r\nb\r\n\r\n--";

TEST(MultipartFileSource, FindsTheFileHoweverTheFormIsCut) {
  struct Case {
    const char* name;
    std::string form;
    std::string expected;
  };
  const std::string file = part("name=\"file\"; filename=\"a.mp4\"", tricky);
  for (const Case& c : {
           Case{"alone", file + "--xx--\r\n", tricky},
           Case{"between fields",
                part("name=\"a\"", "1") + file + part("name=\"b\"", "2") + "--xx--", tricky},
           Case{"preamble and epilogue", "\r\n" + file + "--xx--\r\nand more", tricky},
           Case{"empty", part("name=\"file\"; filename=\"a\"", "") + "--xx--", ""},
           Case{"without file name", part("name=\"file\"", "abc") + "--xx--", "abc"},
           Case{"behind metadata of its name",
                part("name=\"file\"", "{}") + part("name=\"file\"", "") + file + "--xx--", tricky},
           Case{"behind metadata, under another name",
                part("name=\"file\"", "{}") + part("name=\"b\"; filename=\"b\"", "abc") + "--xx--",
                "abc"},
           Case{"long and without file name",
                part("name=\"file\"", std::string(9000, 'x')) + "--xx--", std::string(9000, 'x')},
           Case{"long, without file name, in front of one that has it",
                part("name=\"file\"", std::string(9000, 'x')) + file + "--xx--",
                std::string(9000, 'x')},
           Case{"empty and without file name", part("name=\"file\"", "") + "--xx--", ""},
           Case{"cut off without file name", part("name=\"file\"", "abc"), "!BadRequest"},
           Case{"under another name", part("name=\"/tmp/a.mp4\"; filename=\"a\"", "abc") + "--xx--",
                "abc"},
           Case{"behind a field left empty",
                part("name=\"other\"; filename=\"\"", "") + file + "--xx--", tricky},
           Case{"twice", file + part("name=\"file\"; filename=\"b\"", "zzz") + "--xx--", tricky},
           Case{"in front of another one",
                file + part("name=\"b\"; filename=\"b\"", "z") + "--xx--", tricky},
           Case{"behind a text of its name's kind",
                part("name=\"b\"; filename=\"b\"", "abc") + part("name=\"file\"", "@b") + "--xx--",
                "abc"},
           Case{"behind another one", part("name=\"b\"; filename=\"b\"", "") + file + "--xx--",
                "!BadRequest"},
           Case{"one of two",
                part("name=\"b\"; filename=\"b\"", "") + part("name=\"c\"; filename=\"c\"", "zzz") +
                    "--xx--",
                "!BadRequest"},
           Case{"beside a field left empty",
                part("name=\"b\"; filename=\"b\"", "abc") + part("name=\"c\"; filename=\"\"", "") +
                    "--xx--",
                "abc"},
           Case{"none", part("name=\"a\"", "1") + "--xx--", "!BadRequest"},
           Case{"no form", "hello", "!BadRequest"},
           Case{"nothing", "", "!BadRequest"},
       }) {
    for (const std::size_t step : {1U, 2U, 7U, 100'000U}) {
      for (const std::size_t buffer_size : {1U, 3U, 100U, 20'000U}) {
        EXPECT_EQ(file_of(c.form, step, buffer_size), c.expected)
            << c.name << ", step " << step << ", buffer " << buffer_size;
      }
    }
  }
}

TEST(MultipartFileSource, NeverEndsBeforeTheFormDoes) {
  const std::string form =
      part("name=\"file\"; filename=\"a\"", "abc") + part("name=\"b\"", "2") + "--xx--";
  for (std::size_t size = 0; size < form.size(); ++size) {
    const std::string cut = form.substr(0, size);
    const std::string ended = file_of(cut, 100'000, 100);
    EXPECT_TRUE(ended.ends_with("!BadRequest")) << size << ": " << ended;
    const std::string lost = file_of(cut, 100'000, 100, ScriptedSource::Ending::lost);
    EXPECT_TRUE(lost.ends_with("!ConnectionLost")) << size << ": " << lost;
  }
}

TEST(MultipartFileSource, CarriesBigFilesThrough) {
  std::string content;
  for (int i = 0; content.size() < 3 * limits::buffer_bytes; ++i) {
    content += std::to_string(i) + (i % 3 == 0 ? "\r\n--x" : "\r\n");
  }
  const std::string form = part("name=\"file\"; filename=\"a\"", content) + "--xx--";
  for (const std::size_t step : {999U, 10'000'000U}) {
    EXPECT_EQ(file_of(form, step, limits::buffer_bytes), content) << step;
  }
}

TEST(MultipartFileSource, ABlockingReadFillsWholeBuffersWithinTheFile) {
  const std::string content(8 * limits::buffer_bytes, 'x');
  ScriptedSource body(part("name=\"file\"; filename=\"a\"", content) + "--xx--");
  MultipartFileSource file(body, "xx");
  std::vector<std::byte> buffer(limits::buffer_bytes);
  const auto read_one = [](MultipartFileSource& source,
                           MutableBytes room) -> runtime::Task<Result<std::size_t>> {
    co_return co_await source.read(room, Duration(1));
  };
  ASSERT_EQ(testing::run(read_one(file, buffer)), buffer.size());
  const std::unique_ptr<runtime::Loan> loan = file.lend();
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(loan->read(buffer, Duration(1)), buffer.size()) << i;
  }
  EXPECT_GE(body.bytes_read_lent, 6 * buffer.size());
}

TEST(MultipartFileSource, BoundsWhatItSkips) {
  const std::string big(limits::form_skipped_bytes_max + 1, 'x');
  const std::string file = part("name=\"file\"; filename=\"a\"", "abc");
  EXPECT_EQ(file_of(part("name=\"a\"", big) + file + "--xx--", 100'000, 100), "!BadRequest");
  EXPECT_EQ(file_of(file + part("name=\"a\"", big) + "--xx--", 100'000, 100), "abc!BadRequest");
  const std::string most = big.substr(1);
  EXPECT_EQ(file_of(part("name=\"a\"", most) + file + "--xx--", 100'000, 100), "abc");
}

// The file and, behind a bar, the parameters.
std::string form_of(const std::string& form, std::size_t step, std::size_t buffer_size) {
  SlowSource body(form, step, ScriptedSource::Ending::end);
  MultipartFileSource file(body, "xx", FormKind::file_and_fields);
  std::string text = testing::run(read_file(file, buffer_size));
  text += file.has_file() ? " named " + *file.file_part().file_name + " |" : " |";
  for (const http::FormField& field : file.take_fields()) {
    text += " " + field.name + "=" + field.value;
  }
  return text;
}

TEST(MultipartFileSource, KeepsTheParametersBesideTheFile) {
  struct Case {
    const char* name;
    std::string form;
    std::string expected;
  };
  const std::string file = part("name=\"file\"; filename=\"a.mp4\"", tricky);
  const std::string empty = part("name=\"other\"; filename=\"\"", "ignored");
  for (const Case& c : {
           Case{"behind it", file + part("name=\"a\"", "1") + part("name=\"b\"", "") + "--xx--",
                tricky + " named a.mp4 | a=1 b="},
           Case{"around it", part("name=\"a\"", tricky) + file + part("name=\"a\"", "2") + "--xx--",
                std::string(tricky).append(" named a.mp4 | a=").append(tricky).append(" a=2")},
           Case{"text of PHP", part("name=\"file\"", "@/tmp/a.mp4") + "--xx--",
                " | file=@/tmp/a.mp4"},
           Case{"text of PHP and a file", part("name=\"file\"", "@a") + file + "--xx--",
                tricky + " named a.mp4 | file=@a"},
           Case{"a field left empty",
                std::string(empty).append(file).append(empty).append("--xx--"),
                tricky + " named a.mp4 |"},
           Case{"a path as its name",
                part("name=\"/tmp/b.mp4\"; filename=\"b.mp4\"", "abc") + "--xx--",
                "abc named b.mp4 |"},
           Case{"no file", part("name=\"a\"", "1") + "--xx--", " | a=1"},
           Case{"two files", file + file + "--xx--", tricky + "!BadRequest named a.mp4 |"},
           Case{"cut off", file + part("name=\"a\"", "1"), tricky + "!BadRequest named a.mp4 |"},
       }) {
    for (const std::size_t step : {1U, 2U, 7U, 100'000U}) {
      for (const std::size_t buffer_size : {1U, 3U, 100U, 20'000U}) {
        EXPECT_EQ(form_of(c.form, step, buffer_size), c.expected)
            << c.name << ", step " << step << ", buffer " << buffer_size;
      }
    }
  }
}

TEST(MultipartFileSource, BoundsTheParametersThatItKeeps) {
  const std::string file = part("name=\"file\"; filename=\"a\"", "abc");
  const std::string half(limits::form_bytes_max / 2, 'x');
  const std::string two = part("name=\"a\"", half) + part("name=\"b\"", half);
  EXPECT_TRUE(form_of(file + two + "--xx--", 100'000, 100).starts_with("abc named"));
  EXPECT_TRUE(form_of(file + two + part("name=\"c\"", "x") + "--xx--", 100'000, 100)
                  .starts_with("abc!FileSizeLimitExceeded"));
}

TEST(MultipartFileSource, KnowsHowLargeTheFileMayBe) {
  const auto expect = [](const std::string& form, std::optional<std::uint64_t> most, bool known) {
    for (const std::size_t step : {1U, 7U, 3000U, 100'000U}) {
      ScriptedSource whole(form, ScriptedSource::Ending::end, known);
      SlowSource slow(form, step, ScriptedSource::Ending::end);
      runtime::ByteSource& body = known ? static_cast<runtime::ByteSource&>(slow) : whole;
      MultipartFileSource file(body, "xx", FormKind::file_and_fields);
      EXPECT_TRUE(testing::run(file.wait_readable()));
      EXPECT_EQ(file.file_bytes_max(), most);
    }
  };
  for (const std::size_t size : {1U, 2U, 9U, 5000U, 50'000U}) {
    const std::string file = part("name=\"file\"; filename=\"a\"", std::string(size, 'x'));
    const std::string front = part("name=\"a\"", "1");
    expect(front + file + "--xx--", size, true);
    if (size > limits::form_prefetch_bytes) {
      expect(front + file + "--xx--\r\n", size + 2, true);
      expect(front + file + "--xx--", std::nullopt, false);
    }
  }
  expect(part("name=\"file\"; filename=\"a\"", "") + "--xx--", 0, true);
  expect(part("name=\"a\"", "1") + "--xx--", 0, true);
}

TEST(MultipartFileSource, MeasuresTheFile) {
  const std::string file = part("name=\"file\"; filename=\"a\"", std::string(50'000, 'x'));
  const auto measure = [](const std::string& form) {
    SlowSource body(form, 999, ScriptedSource::Ending::end);
    MultipartFileSource source(body, "xx");
    return testing::run(source.measure());
  };
  EXPECT_EQ(*measure(file + part("name=\"b\"", "2") + "--xx--"), 50'000U);
  EXPECT_EQ(measure(file).error().code(), Errc::bad_request);
  const std::string huge(limits::drain_bytes_max + 100'000, 'x');
  EXPECT_EQ(*measure(part("name=\"file\"", huge) + "--xx--"), std::nullopt);
}

// A buffer that read() is given is scarce: it must not be held while the client is silent.
TEST(MultipartFileSource, WaitsForBytesOfTheFileBeforeItIsReadable) {
  const std::string head = part("name=\"file\"; filename=\"a\"", "abc");
  for (const std::string& silent_behind : {head.substr(0, 10), head.substr(0, head.size() - 5),
                                           head, head.substr(0, head.size() - 1)}) {
    ScriptedSource body(silent_behind, ScriptedSource::Ending::silent);
    MultipartFileSource file(body, "xx");
    boost::asio::io_context context;
    bool done = false;
    std::exception_ptr exception;
    const auto wait = [](MultipartFileSource& source) -> runtime::Task<> {
      (void)co_await source.wait_readable();
    };
    testing::start_in(context, wait(file), done, exception);
    context.poll();
    EXPECT_FALSE(done) << silent_behind;
    file.cancel(Errc::taken_over);
    testing::drive(context, done);
  }
}

TEST(MultipartFileSource, ReportsWhyItWasCancelled) {
  ScriptedSource body(part("name=\"file\"; filename=\"a\"", "abc"), ScriptedSource::Ending::silent);
  MultipartFileSource file(body, "xx");
  file.cancel(Errc::taken_over);
  EXPECT_EQ(testing::run(read_file(file, 100)), "!TakenOver");
  EXPECT_EQ(testing::run(read_file(file, 100)), "!TakenOver");
}

}  // namespace
}  // namespace sluice::protocol
