"""The command line: reads arguments, calls `spn.api`, prints. Nothing here simulates or estimates, and only this prints."""
