// A message that was sent before htmx had arrived leads to the page that grows by itself, as without script. Now that
// scripts run, the ordinary page shows the answer better.

location.replace(location.pathname);
