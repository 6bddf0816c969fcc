# The simulated relay and instances: stands in for the service in every test (docs/simulator.md). Shares no network code with
# the proxy on purpose, so that the two cannot agree on a mistake.
file(GLOB sim_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sim/*.cpp)
list(REMOVE_ITEM sim_sources ${CMAKE_SOURCE_DIR}/sim/main.cpp)
add_library(simulation STATIC ${sim_sources})
target_include_directories(simulation PUBLIC ${CMAKE_SOURCE_DIR})
target_link_libraries(simulation PUBLIC core OpenSSL::SSL Boost::headers Threads::Threads PRIVATE libdeflate CLI11::CLI11)

add_executable(e2ee-sim ${CMAKE_SOURCE_DIR}/sim/main.cpp)
target_link_libraries(e2ee-sim PRIVATE simulation)

# Its own tests are test/unit/sim; cmake/tests.cmake makes the target after this file was read.
function(link_simulation_tests)
  if(TARGET unit_sim)
    target_link_libraries(unit_sim PRIVATE simulation)
  endif()
endfunction()
cmake_language(DEFER CALL link_simulation_tests)
