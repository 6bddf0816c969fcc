// A program that this one started: its output can be read line by line, and it ends when this object does.
#pragma once

#include "base/result.h"

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

class Process {
public:
    struct Command {
        std::string program;  // a path
        std::vector<std::string> arguments;
        std::vector<std::string> environment;  // "NAME=value", beside what this process has
    };
    // Its standard output and standard error come through one pipe.
    [[nodiscard]] static base::Result<Process> start(const Command& command);

    Process(Process&& other) noexcept;
    Process& operator=(Process&&) = delete;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    // SIGTERM, then waits for the end.
    ~Process();

    // The first line of output that contains `text`; nullopt if the output ends or `patience` is over before.
    [[nodiscard]] std::optional<std::string> wait_for_line(std::string_view text, std::chrono::milliseconds patience);
    // Everything it wrote, until its end.
    [[nodiscard]] std::string read_all();
    // Waits for the end: the exit code, or 128 and the signal.
    int wait();

private:
    Process(pid_t pid, int output) : pid_(pid), output_(output) {}
    [[nodiscard]] bool read_more(std::chrono::milliseconds patience);

    pid_t pid_;
    int output_;
    std::string unread_;
};

// The folder this program's file is in.
[[nodiscard]] std::string own_folder();

}  // namespace cli
