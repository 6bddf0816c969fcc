# The simulated relay and instances: stands in for the service in every test (docs/simulator.md). Shares no network code with
# the proxy on purpose, so that the two cannot agree on a mistake.
file(GLOB sim_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sim/*.cpp)
add_executable(e2ee-sim ${sim_sources})
target_include_directories(e2ee-sim PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(e2ee-sim PRIVATE core libdeflate OpenSSL::SSL Boost::headers CLI11::CLI11 Threads::Threads)
