"""The leaderboard: every run, trial and sweep of a project, found, filtered, grouped, compared and watched."""
