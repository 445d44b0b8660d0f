"""Diagnosis to eyes and ears: text, JSON, pictures, sounds and one HTML page.

Nothing here judges and nothing measures anew: what is drawn is what a finding says, and the sound around it.
"""
