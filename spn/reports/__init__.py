"""Reports: one page of HTML with all that is known of a study. What is in it is in `sections`, its frame in `page`, its looks in `page.css`."""
