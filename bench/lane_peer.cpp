#include "bench/lane_peer.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <system_error>

#include "bench/pinning.hpp"
#include "client-lib/channel.hpp"
#include "client-lib/json_check.hpp"
#include "ipc/doorbell.hpp"
#include "ipc/lane_reader.hpp"

namespace ringpost::bench {

LanePeer::LanePeer(std::size_t lane_bytes, unsigned lanes, unsigned nap_us) : lane_bytes_(lane_bytes) {
  instance_board_.add_topic(ipc::TopicKind::kName, kTopic);
  instance_board_.board().connected = 1;
  for (unsigned lane = 0; lane < lanes; ++lane) lanes_.push_back(ipc::create_lane(lane + 1, lane_bytes));
  peer_ = ::fork();
  if (peer_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (peer_ == 0) drain_for_ever(nap_us);

  json::warm_up_json_check();
  client_ = std::make_unique<client::Client>(client::Settings{});  // its control thread is never started
  client::Channel& channel = *client_->channels.find_or_add(kInstance);
  channel.set_link(std::make_shared<client::InstanceLink>(
                       std::make_shared<const ipc::ClientBoardReader>(client_board_.memory()),
                       instance_board_.memory(), ipc::create_doorbell(), client_->inherited),
                   lanes);
  for (unsigned lane = 0; lane < lanes; ++lane) channel.add_lane(lanes_[lane], lane);
  channel.set_state(client::ChannelState::kOpen);
  client_->availability.begin();
  handle_.client = client_.get();
}

LanePeer::~LanePeer() {
  ::kill(peer_, SIGKILL);
  ::waitpid(peer_, nullptr, 0);
}

void LanePeer::drain_for_ever(unsigned nap_us) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  pin_to_cpu(1);
  std::deque<ipc::LaneReader> readers;
  for (const ipc::Descriptor& lane : lanes_) readers.emplace_back(lane, lane_bytes_);
  std::vector<std::byte> scratch;
  scratch.reserve(lane_bytes_);
  for (;;) {
    for (std::size_t lane = 0; lane < readers.size(); ++lane) {
      ipc::LaneReader& reader = readers[lane];
      if (!reader.look()) ::_exit(1);
      scratch.clear();
      reader.copy_to(scratch, reader.unseen_bytes());
      ipc::LaneReader::release(client_board_.released(static_cast<std::uint32_t>(lane)), reader.copied());
    }
    ::usleep(nap_us);
  }
}

}  // namespace ringpost::bench
