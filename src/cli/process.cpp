#include "cli/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <utility>

extern char** environ;  // POSIX: the environment that children inherit

namespace cli {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (std::string& text : texts) list.push_back(text.data());
    list.push_back(nullptr);
    return list;
}

std::string_view variable_name(std::string_view assignment) {
    return assignment.substr(0, assignment.find('='));
}

// This process's environment with `changes` in place of the variables they name.
std::vector<std::string> environment_with(const std::vector<std::string>& changes) {
    std::vector<std::string> all = changes;
    for (char** inherited = environ; *inherited != nullptr; ++inherited) {
        bool changed = false;
        for (const std::string& change : changes) changed |= variable_name(change) == variable_name(*inherited);
        if (!changed) all.emplace_back(*inherited);
    }
    return all;
}

}  // namespace

base::Result<Process> Process::start(const Command& command) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return base::fail(base::ErrorKind::internal, "no pipe could be made");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pipe[1], STDERR_FILENO);

    std::vector<std::string> arguments = command.arguments;
    arguments.insert(arguments.begin(), command.program);
    std::vector<std::string> environment = environment_with(command.environment);
    pid_t pid = 0;
    const int error = ::posix_spawnp(&pid, command.program.c_str(), &actions, nullptr, pointers(arguments).data(),
                                     pointers(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    ::close(pipe[1]);
    if (error != 0) {
        ::close(pipe[0]);
        return base::fail(base::ErrorKind::internal, "cannot start " + command.program + ": " + std::strerror(error));
    }
    return Process(pid, pipe[0]);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), output_(std::exchange(other.output_, -1)), unread_(std::move(other.unread_)) {}

Process::~Process() {
    if (output_ >= 0) ::close(output_);
    if (pid_ == 0) return;
    ::kill(pid_, SIGTERM);
    wait();
}

bool Process::read_more(std::chrono::milliseconds patience) {
    pollfd readable{.fd = output_, .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, static_cast<int>(patience.count())) <= 0) return false;
    std::array<char, 4096> bytes{};
    const ssize_t count = ::read(output_, bytes.data(), bytes.size());
    if (count <= 0) return false;
    unread_.append(bytes.data(), static_cast<std::size_t>(count));
    return true;
}

std::optional<std::string> Process::wait_for_line(std::string_view text, std::chrono::milliseconds patience) {
    const auto until = Clock::now() + patience;
    for (;;) {
        while (unread_.contains('\n')) {
            std::string line = unread_.substr(0, unread_.find('\n'));
            unread_.erase(0, line.size() + 1);
            if (line.contains(text)) return line;
        }
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
        if (left.count() <= 0 || !read_more(left)) return std::nullopt;
    }
}

std::string Process::read_all() {
    while (read_more(std::chrono::minutes(1))) {
    }
    return std::exchange(unread_, {});
}

int Process::wait() {
    int status = 0;
    if (pid_ == 0) return 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string own_folder() {
    std::error_code error;
    const auto file = std::filesystem::read_symlink("/proc/self/exe", error);
    return error ? "." : file.parent_path().string();
}

}  // namespace cli
