#include "daemon/control/estate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "ipc/doorbell.hpp"

namespace ringpost::daemon {
namespace {

Taken taken(const std::vector<std::string>& names) {
  Taken all;
  all.takes = 4;
  for (const std::string& name : names) all.held.push_back({name, ipc::create_doorbell()});
  return all;
}

TEST(Estate, EverythingFindsItsPlaceByItsName) {
  const Estate estate = sort_out(taken({listener_name_of(77), session_name_of(3), arena_name_of("a"),
                                        journal_name_of("a"), doorbell_name_of(3, "a"), lane_name_of(12, "a"),
                                        lane_name_of(18'446'744'073'709'551'615U, "b2")}));
  EXPECT_EQ(estate.generation, 4U);
  EXPECT_TRUE(estate.listener);
  EXPECT_EQ(estate.listener_inode, 77U);
  EXPECT_TRUE(estate.clients.at(3));
  EXPECT_TRUE(estate.instances.at("a").arena);
  EXPECT_TRUE(estate.instances.at("a").journal);
  EXPECT_TRUE(estate.instances.at("a").doorbells.at(3));
  EXPECT_TRUE(estate.instances.at("a").lanes.at(12));
  EXPECT_TRUE(estate.instances.at("b2").lanes.at(18'446'744'073'709'551'615U));
  EXPECT_FALSE(estate.instances.at("b2").arena);
  EXPECT_EQ(estate.largest_client_id(), 3U);
  EXPECT_EQ(estate.largest_lane_id(), 18'446'744'073'709'551'615U);
  EXPECT_TRUE(estate.unknown.empty());
}

TEST(Estate, WhatItDoesNotKnowIsNamed) {
  const std::vector<std::string> names{"",
                                       "arena",
                                       "arena.",
                                       "arena.UPPER",
                                       "journal.a.b",
                                       "lane.1",
                                       "lane.a",
                                       "lane.1a",
                                       "lane.0.a",
                                       "lane.-1.a",
                                       "lane.1.",
                                       "bell.1",
                                       "session",
                                       "session.x",
                                       "session.0",
                                       "session.1.a",
                                       "listen",
                                       "listen.0",
                                       "something.else",
                                       "lane.18446744073709551616.a"};
  const Estate estate = sort_out(taken(names));
  EXPECT_EQ(estate.unknown, names);
  EXPECT_TRUE(estate.clients.empty());
  EXPECT_FALSE(estate.listener);
}

// The order in which a keeper that was restarted is offered them.
TEST(Estate, ConnectionsComeAfterAllThatTheirClientsHave) {
  const std::vector<std::string> in_order{arena_name_of("z"),   doorbell_name_of(9, "z"),
                                          journal_name_of("z"), lane_name_of(9, "z"),
                                          listener_name_of(9),  session_name_of(1)};
  EXPECT_TRUE(std::is_sorted(in_order.begin(), in_order.end()));
}

}  // namespace
}  // namespace ringpost::daemon
