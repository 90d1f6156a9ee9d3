"""The server, the network or the machine goes away in the middle of an answer, and comes back.

However it was interrupted, the page shows the true state within three seconds of being able to; on a machine with other
things to do in less than the ten after which it would ask anyway (`SOON`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Route, expect

from tests.browser.chat import Chat
from tests.browser.console import Console
from tests.servers import AppServer

NETWORK = ("net::ERR_", "Failed to load resource")
SOON = 9_000  # milliseconds
TICKS = " ".join(f"tick {number}" for number in range(1, 31))
LONGER = " ".join(f"tick {number}" for number in range(1, 101))  # still being written when a slow machine looks

# A sleeping machine: no timer runs, no byte arrives, and afterwards nothing but the clock tells.
SLEEPY = """() => {
  const { setTimeout: later, setInterval: often, Date: { now } } = window;
  let slept = 0, asleep = false;
  const awake = callback => (...given) => asleep || callback(...given);
  window.setTimeout = (callback, ...rest) => later(awake(callback), ...rest);
  window.setInterval = (callback, ...rest) => often(awake(callback), ...rest);
  Date.now = () => now() + slept;
  const Source = window.EventSource;
  window.EventSource = class extends Source {
    constructor(url) {
      super(url);
      const dead = event => { if (asleep || this.died) { this.died = true; event.stopImmediatePropagation(); } };
      for (const name of ["message", "end", "ping", "error"]) this.addEventListener(name, dead);
    }
  };
  window.sleep = () => { asleep = true; };
  window.wakeUp = hours => { asleep = false; slept += hours * 3600 * 1000; };
}"""


@pytest.fixture(autouse=True)
def _running_afterwards(server: AppServer) -> Iterator[None]:
    yield
    if server.process is None:
        server.start()


def with_own_clock(chat: Chat) -> Chat:
    """A new chat in a page whose clock a test may advance."""
    chat.page.clock.install()
    return chat.open()


def time_passes(chat: Chat, seconds: int) -> None:
    """For the page: its timers go off, and what they ask for is answered in between."""
    for _ in range(seconds):
        chat.page.clock.run_for(1_000)


def test_after_kill_9_and_a_restart_the_page_comes_to_the_true_state_by_itself(
    chat: Chat, server: AppServer, console: Console
) -> None:
    console.expected = NETWORK
    chat.send("Look here\n/silent 600").says("You said: Look here")
    server.kill()
    expect(chat.answer).to_have_attribute("data-connection", "lost")
    expect(chat.text).to_have_text("You said: Look here")
    server.start()
    chat.ended("failed")
    expect(chat.text).to_have_text("You said: Look here")
    expect(chat.answer).to_contain_text("interrupted because the server stopped")
    expect(chat.answer.get_by_role("button", name="Try again")).to_be_visible()
    articles = chat.articles()
    chat.page.reload()
    assert chat.articles() == articles
    chat.send("Are you back?").ended()


def test_a_message_that_cannot_be_sent_is_kept(chat: Chat, server: AppServer, console: Console) -> None:
    console.expected = (*NETWORK, "htmx:")
    server.kill()
    chat.box.fill("Important words")
    chat.send_button.click()
    expect(chat.page.get_by_role("alert").filter(has_text="could not be reached")).to_be_visible()
    expect(chat.box).to_have_value("Important words")
    server.start()
    chat.send_button.click()
    expect(chat.text).to_have_text("You said: Important words")
    chat.ended()


def test_a_restart_shows_what_was_lost_soon_after_the_server_is_back(
    chat: Chat, server: AppServer, console: Console
) -> None:
    console.expected = NETWORK
    with_own_clock(chat).send("Look here\n/silent 600").says("You said: Look here")
    server.kill()
    expect(chat.answer).to_have_attribute("data-connection", "lost")
    time_passes(chat, seconds=8)  # by now a page that waits longer and longer would wait for long
    server.start()
    expect(chat.answer).to_have_attribute("data-status", "failed", timeout=SOON)
    expect(chat.text).to_have_text("You said: Look here")


def test_twenty_seconds_offline_lose_and_repeat_nothing(chat: Chat, console: Console) -> None:
    console.expected = (*NETWORK, "htmx:")
    with_own_clock(chat).send("/slow 30").says("tick 3 ")
    chat.page.context.set_offline(True)
    time_passes(chat, seconds=20)
    assert TICKS.startswith(chat.text.inner_text().strip())
    chat.page.context.set_offline(False)
    expect(chat.text).to_have_text(TICKS, timeout=SOON)
    expect(chat.answer).to_have_attribute("data-status", "completed", timeout=SOON)
    expect(chat.send_button).to_be_visible(timeout=SOON)
    expect(chat.answers).to_have_count(1)


def test_a_machine_that_has_slept_shows_the_end_of_the_answer(as_ana: Callable[..., Chat], server: AppServer) -> None:
    chat = as_ana(server)
    chat.page.add_init_script(f"({SLEEPY})()")
    chat.page.reload()
    chat.send("/slow 100").says("tick 3 ")
    chat.page.evaluate("() => sleep()")
    other_device = as_ana(server).open(chat.page.url).ended()
    expect(other_device.text).to_have_text(LONGER)
    assert LONGER.startswith(chat.text.inner_text().strip())
    expect(chat.answer).to_have_attribute("data-status", "running")
    chat.page.evaluate("() => wakeUp(2)")
    expect(chat.text).to_have_text(LONGER, timeout=SOON)
    expect(chat.answer).to_have_attribute("data-status", "completed", timeout=SOON)


def test_what_happens_in_one_tab_is_shown_in_the_other(chat: Chat) -> None:
    chat.send("First").ended()
    other = Chat(chat.page.context.new_page()).open(chat.page.url)
    expect(other.answers).to_have_count(1)
    chat.page.bring_to_front()
    chat.send("/slow 100")
    other.page.bring_to_front()
    expect(other.answers).to_have_count(2, timeout=SOON)
    expect(other.stop_button).to_be_visible(timeout=SOON)
    for tab in (other, chat):
        tab.ended()
        expect(tab.text).to_have_text(LONGER)
    assert other.articles()[-1] == chat.articles()[-1]
    former = str(other.answer.get_attribute("data-message-id"))
    other.answer.get_by_role("button", name="Regenerate").click()
    expect(other.answer).not_to_have_attribute("data-message-id", former)
    other.ended()
    expect(chat.answer).to_have_attribute("data-message-id", str(other.answer.get_attribute("data-message-id")))
    chat.ended()
    assert other.articles()[-1] == chat.articles()[-1]


def test_another_device_shows_it_when_it_is_looked_at(
    chat: Chat, as_ana: Callable[..., Chat], server: AppServer
) -> None:
    chat.send("First").ended()
    other = as_ana(server).open(chat.page.url)
    expect(other.answers).to_have_count(1)
    chat.send("Second").ended()
    other.page.evaluate("() => dispatchEvent(new Event('online'))")
    expect(other.text).to_have_text("You said: Second", timeout=SOON)
    assert other.articles()[-1] == chat.articles()[-1]


def test_back_and_forward_show_the_conversation_as_it_is(chat: Chat) -> None:
    chat.send("/slow 30").says("tick 2 ")
    address = chat.page.url
    chat.page.go_back()
    expect(chat.page).to_have_url(re.compile("/chat/$"))
    expect(chat.answers).to_have_count(0, timeout=SOON)
    chat.page.go_forward()
    expect(chat.page).to_have_url(address)
    expect(chat.text).to_contain_text("tick 2 ", timeout=SOON)
    chat.ended()
    expect(chat.text).to_have_text(TICKS)
    expect(chat.answers).to_have_count(1)


@pytest.mark.parametrize("slow", ["**/htmx.min.js", "**/js/address.js", "**/js/notices.js"])
def test_forward_before_the_page_is_ready_shows_the_conversation(chat: Chat, slow: str) -> None:
    chat.send("Back and forth").ended()
    address = chat.page.url
    chat.page.context.route(slow, lambda route: None)  # held until the route is taken away
    with chat.page.expect_request(slow):
        chat.page.go_back(wait_until="commit")
    expect(chat.page).to_have_url(re.compile("/chat/$"))
    chat.page.evaluate("() => history.forward()")
    expect(chat.page).to_have_url(address)
    chat.page.context.unroute(slow)
    expect(chat.text).to_have_text("You said: Back and forth")


def test_a_message_whose_receipt_was_lost_is_not_asked_twice(chat: Chat, console: Console) -> None:
    console.expected = (*NETWORK, "htmx:")
    chat.send("First").ended()
    chat.page.context.route("**/conversation/**", lambda route: route.abort())  # or it would be found to have arrived

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    chat.page.context.route("**/chat/send/", lose)
    chat.box.fill("Second")
    chat.send_button.click()
    expect(chat.page.get_by_role("alert").filter(has_text="could not be reached")).to_be_visible()
    chat.page.context.unroute("**/chat/send/")
    chat.send_button.click()
    expect(chat.box).to_have_value("")
    chat.ended()
    expect(chat.questions).to_have_count(2)
    expect(chat.text).to_have_text("You said: Second")


def test_a_message_whose_receipt_was_lost_is_found_to_have_arrived(chat: Chat, console: Console) -> None:
    console.expected = (*NETWORK, "htmx:")
    chat.send("First").ended()
    chat.page.context.route("**/chat/send/", lambda route: (route.fetch(), route.abort()))
    chat.box.fill("Second")
    chat.send_button.click()
    expect(chat.page.get_by_role("alert").filter(has_text="could not be reached")).to_be_visible()
    chat.page.evaluate("() => dispatchEvent(new Event('online'))")
    expect(chat.questions).to_have_count(2, timeout=SOON)
    expect(chat.box).to_have_value("")
    expect(chat.page.locator("#composer-error")).to_be_hidden()


def test_a_lost_receipt_does_not_begin_a_second_conversation(chat: Chat, console: Console) -> None:
    console.expected = (*NETWORK, "htmx:")
    chat.page.context.route("**/chat/send/", lambda route: (route.fetch(), route.abort()))
    chat.box.fill("A question of its own")
    chat.send_button.click()
    expect(chat.page.get_by_role("alert").filter(has_text="could not be reached")).to_be_visible()
    chat.page.context.unroute("**/chat/send/")
    chat.page.reload()
    expect(chat.box).to_have_value("A question of its own")
    chat.send_button.click()
    chat.ended()
    expect(chat.text).to_have_text("You said: A question of its own")
    expect(chat.page.locator(".thread-title").filter(has_text="A question of its own")).to_have_count(1)
    expect(chat.page).to_have_url(re.compile(r"/chat/[0-9a-f-]{36}/$"))
